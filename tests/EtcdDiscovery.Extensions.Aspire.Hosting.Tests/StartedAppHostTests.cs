using System.Runtime.InteropServices;
using Aspire.Hosting;
using Aspire.Hosting.Testing;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary>Aspire starts etcd in a container, and an application registers there. Skipped if no Docker engine answers.</summary>
public sealed class StartedAppHostTests
{
    // Includes the time to pull the image.
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(2);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Etcd_StartedByAspire_ServesAnApplicationWithItsConnectionString()
    {
        await RequireEngineAsync();
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(Token);
        timeout.CancelAfter(StartTimeout);
        var builder = DistributedApplicationTestingBuilder.Create();
        // Required, although it is not started.
        builder.Configuration["DcpPublisher:DashboardPath"] = "none";
        builder.Services.AddLogging(logging => logging.ClearProviders());
        var etcd = builder.AddEtcd("etcd").WithImageTag(ContainerEtcd.Image.Split(':')[^1]);
        await using var appHost = await builder.BuildAsync(timeout.Token);
        await appHost.StartAsync(timeout.Token);
        await appHost.ResourceNotifications.WaitForResourceHealthyAsync(etcd.Resource.Name, timeout.Token);
        using var application = await BuildApplicationAsync(appHost, timeout.Token);

        await application.StartAsync(timeout.Token);
        await Assert.Single(application.Services.GetRequiredService<IServiceRegistry>().Registrations).WaitUntilRegisteredAsync(timeout.Token);
        var uri = await application.Services.GetRequiredService<IServiceResolver>().GetUriAsync("prices", "http", cancellationToken: timeout.Token);
        var report = await application.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(timeout.Token);
        await application.StopAsync(timeout.Token);
        await appHost.StopAsync(timeout.Token);

        Assert.Equal("http://prices.test:8080", uri.OriginalString);
        Assert.Equal(HealthStatus.Healthy, Assert.Single(report.Entries).Value.Status);
    }

    private static async Task<IHost> BuildApplicationAsync(DistributedApplication appHost, CancellationToken cancellationToken)
    {
        var application = Host.CreateEmptyApplicationBuilder(null);
        application.Configuration.AddInMemoryCollection(
        [
            new("ConnectionStrings:etcd", await appHost.GetConnectionStringAsync("etcd", cancellationToken)),
            new("EtcdDiscovery:Service:Name", "prices"),
            new("EtcdDiscovery:Service:Hostname", "prices.test"),
            new("EtcdDiscovery:Service:Ports:http", "8080"),
        ]);
        application.AddEtcdDiscovery("etcd");
        return application.Build();
    }

    private static async Task RequireEngineAsync()
    {
        Assert.SkipUnless(
            OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture == Architecture.X64, "The project has Aspire's orchestrator for Linux on x64.");
        if (await ContainerEtcd.FindObstacleAsync() is { } obstacle)
        {
            Assert.SkipUnless(ContainerEtcd.IsRequired, $"Aspire cannot start etcd: {obstacle}.");
            throw ContainerEtcd.Missing(obstacle);
        }
    }
}
