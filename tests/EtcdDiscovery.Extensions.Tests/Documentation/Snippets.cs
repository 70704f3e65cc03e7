using EtcdDiscovery.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>What the documentation shows, so that it compiles. Nothing here is called.</summary>
internal static class Snippets
{
    public static void Program(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);

        builder.Services.AddEtcdDiscovery();
        builder.Services.AddHealthChecks().AddEtcdDiscovery();

        var app = builder.Build();

        app.MapHealthChecks("/healthz");
        app.MapGet("/instances/{service}", async (string service, IServiceResolver resolver, CancellationToken cancellationToken) =>
        {
            var snapshot = await resolver.GetSnapshotAsync(service, cancellationToken: cancellationToken);
            return snapshot.Instances.Select(instance => new { instance.Id, instance.Hostname, instance.Ports });
        });

        app.Run();
    }

    public static async Task<(ServiceInstance, Uri)> FindAsync(IServiceResolver resolver, CancellationToken cancellationToken)
    {
        var query = new ServiceQuery { Shard = "shard-0", Network = ServiceNetwork.Private };
        var instance = await resolver.GetInstanceAsync("catalog", query, cancellationToken);
        var uri = await resolver.GetUriAsync("catalog", "http", "/items?page=2", query, cancellationToken: cancellationToken);

        await foreach (var update in resolver.WatchAsync("catalog", cancellationToken))
        {
            foreach (var change in update.Changes)
            {
                Console.WriteLine($"{change.Kind}: {change.Instance.Hostname}");
            }
        }

        return (instance, uri);
    }

    public static async Task PickAsync(
        IServiceResolver resolver, Func<ServiceInstance, CancellationToken, Task> callAsync, CancellationToken cancellationToken)
    {
        var query = new ServiceQuery { Picker = InstancePickers.PowerOfTwoChoices, PreferredZone = "eu-1" };
        var instance = await resolver.GetInstanceAsync("catalog", query, cancellationToken);
        using var call = resolver.StartCall(instance);
        try
        {
            await callAsync(instance, cancellationToken);
            call.Complete(succeeded: true);
        }
        catch (HttpRequestException)
        {
            call.Complete(succeeded: false);
            throw;
        }
    }

    public static async Task RegisterAsync(IServiceRegistry registry, CancellationToken cancellationToken)
    {
        var options = new ServiceRegistrationOptions { Name = "reports", Hostname = "10.0.0.7" };
        options.Ports = new Dictionary<string, string> { ["http"] = "8080" };
        await using var registration = registry.Register(options);
        await registration.WaitUntilRegisteredAsync(cancellationToken);
    }

    public static async Task WatchStateAsync(IServiceRegistration registration, CancellationToken cancellationToken)
    {
        await foreach (var state in registration.WatchStateAsync(cancellationToken))
        {
            Console.WriteLine($"{registration.ServiceName} is {state}."); // Registering, Registered, RenewingLate, Lost, Withdrawn
        }
    }

    public static void UseAspNetCore(WebApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery().UseServerAddresses().RegisterWhenHealthy();
    }

    public static void AddClient(HostApplicationBuilder builder)
    {
        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();
    }

    public static void AddDefaultClients(HostApplicationBuilder builder)
    {
        builder.Services.ConfigureHttpClientDefaults(client => client.AddEtcdDiscovery(options => options.ServiceHosts = ["catalog", "*.internal"]));
    }

    public static async Task AskAsync(HttpClient catalog, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/items");
        request.Options.Set(ServiceRequest.Shard, "shard-0");
        request.Options.Set(ServiceRequest.Network, ServiceNetwork.Private);
        using var response = await catalog.SendAsync(request, cancellationToken);
    }

    public static void AddService(HostApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin");
    }

    public static void Test(HostApplicationBuilder builder)
    {
        using var store = new InMemoryDiscoveryStore();
        builder.Services.AddEtcdDiscovery().UseInMemoryStore(store);
    }
}
