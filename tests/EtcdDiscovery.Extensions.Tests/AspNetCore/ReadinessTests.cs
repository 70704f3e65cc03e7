using EtcdDiscovery.AspNetCore;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.AspNetCore;

/// <summary>A host serves only while its readiness checks are healthy.</summary>
public sealed class ReadinessTests
{
    private volatile HealthStatus _status = HealthStatus.Unhealthy;
    private volatile bool _creationFails;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_ChecksFailAndRecover_LeavesAndReturns()
    {
        await using var host = await StartAsync();
        await WaitForStatusAsync(host, ServiceStatus.Maintenance);
        await Eventually.TrueAsync(
            async () => (await WaitForStatusAsync(host, ServiceStatus.Maintenance)).StatusReason == "Unhealthy: database", "the reason is told");

        _status = HealthStatus.Healthy;
        await WaitForStatusAsync(host, ServiceStatus.Serving);
        _status = HealthStatus.Unhealthy;
        var left = await WaitForStatusAsync(host, ServiceStatus.Maintenance);
        _status = HealthStatus.Degraded;
        await WaitForStatusAsync(host, ServiceStatus.Serving);
        await host.StopAsync();

        Assert.Equal("Unhealthy: database", left.StatusReason);
        Assert.Equal(2, host.Logs.Of("Ready").Count());
    }

    // The health check service reports an exception of a check, but throws an exception of its factory.
    [Fact]
    public async Task Host_CheckCannotBeCreated_LeavesAndReturns()
    {
        _status = HealthStatus.Healthy;
        await using var host = await StartAsync();
        await WaitForStatusAsync(host, ServiceStatus.Serving);

        _creationFails = true;
        var left = await WaitForStatusAsync(host, ServiceStatus.Maintenance);
        _creationFails = false;
        await WaitForStatusAsync(host, ServiceStatus.Serving);

        Assert.Equal("Unhealthy: InvalidOperationException", left.StatusReason);
    }

    [Fact]
    public async Task Host_CheckCannotBeCreatedAtStart_ServesOnceItCan()
    {
        (_creationFails, _status) = (true, HealthStatus.Healthy);
        await using var host = await StartAsync();
        await Eventually.TrueAsync(
            async () => (await WaitForStatusAsync(host, ServiceStatus.Maintenance)).StatusReason == "Unhealthy: InvalidOperationException", "the reason is told");

        _creationFails = false;

        await WaitForStatusAsync(host, ServiceStatus.Serving);
    }

    [Fact]
    public async Task Host_NotReadyAtStart_IsUpOnlyOnceReady()
    {
        using var store = new InMemoryDiscoveryStore();
        await using var watcher = await DiscoveryHost.StartAsync([], builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore(store));
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var reading = Task.Run(
            async () =>
            {
                await foreach (var change in watcher.Resolver.WatchAsync("shop", watching.Token).SelectMany(update => update.Changes))
                {
                    return change.Kind;
                }

                return default(ServiceChangeKind?);
            },
            Token);
        await using var host = await StartAsync(store);
        await WaitForStatusAsync(host, ServiceStatus.Maintenance);

        Assert.False(reading.IsCompleted);
        _status = HealthStatus.Healthy;
        Assert.Equal(ServiceChangeKind.Up, await reading.WaitAsync(Eventually.Patience, Token));
    }

    [Fact]
    public async Task Host_PutIntoMaintenanceManually_StaysInMaintenance()
    {
        _status = HealthStatus.Healthy;
        await using var host = await StartAsync();
        await WaitForStatusAsync(host, ServiceStatus.Serving);
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("Ready").Any()), "the checks were healthy");
        await host.Registration.SetStatusAsync(ServiceStatus.Maintenance, "by hand", Token);

        _status = HealthStatus.Unhealthy;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("NotReady").Any()), "the checks failed");
        _status = HealthStatus.Healthy;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("Ready").Count() == 2), "the checks are healthy again");

        Assert.Equal("by hand", (await WaitForStatusAsync(host, ServiceStatus.Maintenance)).StatusReason);
    }

    [Fact]
    public async Task Host_PutIntoMaintenanceManuallyWhileTheChecksFail_StaysInMaintenance()
    {
        _status = HealthStatus.Healthy;
        await using var host = await StartAsync();
        await WaitForStatusAsync(host, ServiceStatus.Serving);
        _status = HealthStatus.Unhealthy;
        await WaitForStatusAsync(host, ServiceStatus.Maintenance);

        await host.Registration.SetStatusAsync(ServiceStatus.Maintenance, "by hand", Token);
        _status = HealthStatus.Healthy;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("Ready").Count() == 2), "the checks are healthy again");

        Assert.Equal("by hand", (await WaitForStatusAsync(host, ServiceStatus.Maintenance)).StatusReason);
    }

    [Fact]
    public async Task Host_RegisteredInMaintenance_StaysInMaintenance()
    {
        _status = HealthStatus.Healthy;
        await using var host = await StartAsync(null, new() { ["Service:InitialStatus"] = "Maintenance" });
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("Ready").Any()), "the checks are healthy");

        _status = HealthStatus.Unhealthy;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("NotReady").Any()), "the checks failed");
        _status = HealthStatus.Healthy;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("Ready").Count() == 2), "the checks are healthy again");

        await WaitForStatusAsync(host, ServiceStatus.Maintenance);
        await host.Registration.SetStatusAsync(ServiceStatus.Serving, null, Token);
        await WaitForStatusAsync(host, ServiceStatus.Serving);
    }

    [Fact]
    public async Task Host_WithTheDiscoveryCheckOnly_ServesAndWarns()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop", ["Readiness:Period"] = "00:00:00.1" },
            builder =>
            {
                builder.Services.AddHealthChecks().AddEtcdDiscovery("discovery", tags: ["ready"]);
                builder.Services.AddEtcdDiscovery().UseInMemoryStore().RegisterWhenHealthy();
            });

        await WaitForStatusAsync(host, ServiceStatus.Serving);

        Assert.Single(host.Logs.Of("NoChecks"));
        Assert.Empty(host.Logs.Of("Ready"));
    }

    [Fact]
    public async Task Host_WithoutChecks_ServesAndWarns()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop" },
            builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore().RegisterWhenHealthy().RegisterWhenHealthy());

        await WaitForStatusAsync(host, ServiceStatus.Serving);

        Assert.Single(host.Logs.Of("NoChecks"));
    }

    [Fact]
    public void Readiness_ResultsContradict_ChangesAtTheThreshold()
    {
        var options = new ReadinessOptions { FailuresToLeave = 3, SuccessesToReturn = 2 };
        var decisions = new List<bool?>();
        var readiness = default(Readiness);
        foreach (var isHealthy in "+--+---+-++-".Select(result => result == '+'))
        {
            readiness = readiness.After(isHealthy, options);
            decisions.Add(readiness.IsReady);
        }

        Assert.Equal("++++++----++", string.Concat(decisions.Select(decision => decision == true ? '+' : '-')));
    }

    private Task<DiscoveryHost> StartAsync(
        InMemoryDiscoveryStore? store = null, Dictionary<string, string?>? settings = null) => DiscoveryHost.StartAsync(
        new(settings ?? []) { ["Service:Name"] = "shop", ["Readiness:Period"] = "00:00:00.1" },
        builder =>
        {
            builder.Services.AddHealthChecks().AddCheck("database", () => new(_status), ["ready"]).AddCheck("other", () => new(HealthStatus.Unhealthy));
            builder.Services.Configure<HealthCheckServiceOptions>(checks =>
            {
                var database = checks.Registrations.Single(check => check.Name == "database");
                var create = database.Factory;
                database.Factory = services => _creationFails ? throw new InvalidOperationException("no connection string") : create(services);
            });
            builder.Services.AddEtcdDiscovery().UseInMemoryStore(store).RegisterWhenHealthy();
        });

    private static async Task<ServiceInstance> WaitForStatusAsync(DiscoveryHost host, ServiceStatus status)
    {
        ServiceInstance? instance = null;
        await Eventually.TrueAsync(
            async () => (instance = (await host.Resolver.GetSnapshotAsync("shop", cancellationToken: Token)).Instances.SingleOrDefault())?.Status == status,
            $"the instance is {status}");
        return instance!;
    }
}
