using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>AppHosts whose resources are not started, so that they need no container engine.</summary>
internal static class AppHosts
{
    public static IDistributedApplicationBuilder Create(params string[] args)
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });
        builder.Services.AddLogging(logging => logging.ClearProviders());
        return builder;
    }

    /// <summary>Gives etcd the addresses that it would have after the start: one for processes of the host, and one for containers.</summary>
    public static IResourceBuilder<EtcdResource> WithAddresses(this IResourceBuilder<EtcdResource> etcd) => etcd.WithEndpoint("client", endpoint =>
    {
        var network = KnownNetworkIdentifiers.DefaultAspireContainerNetwork;
        endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, "localhost", 32768);
        endpoint.AllAllocatedEndpoints.AddOrUpdateAllocatedEndpoint(
            network, new AllocatedEndpoint(endpoint, "etcd.dev.internal", 2379, EndpointBindingMode.SingleAddress, null, network));
    });

    /// <summary>Builds the AppHost, and returns the arguments of a resource.</summary>
    public static async Task<List<string>> ArgumentsOfAsync(IResourceBuilder<IResource> resource)
    {
        await using var app = resource.ApplicationBuilder.Build();
        return await ArgumentsOfAsync(app, resource.Resource);
    }

    public static async Task<List<string>> ArgumentsOfAsync(DistributedApplication app, IResource resource) =>
        [.. (await ConfigurationOfAsync(app, resource)).Arguments.Select(argument => argument.Value)];

    /// <summary>Builds the AppHost, and returns the environment variables of a resource.</summary>
    public static async Task<Dictionary<string, string>> EnvironmentOfAsync(IResourceBuilder<IResource> resource)
    {
        await using var app = resource.ApplicationBuilder.Build();
        return (await ConfigurationOfAsync(app, resource.Resource)).EnvironmentVariables.ToDictionary(StringComparer.Ordinal);
    }

    private static async Task<IExecutionConfigurationResult> ConfigurationOfAsync(DistributedApplication app, IResource resource)
    {
        var configuration = await ExecutionConfigurationBuilder.Create(resource).WithArgumentsConfig().WithEnvironmentVariablesConfig().BuildAsync(
            app.Services.GetRequiredService<DistributedApplicationExecutionContext>(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Null(configuration.Exception);
        return configuration;
    }
}
