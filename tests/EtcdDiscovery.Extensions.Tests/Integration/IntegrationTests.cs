using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Infrastructure.Deployment;

namespace EtcdDiscovery.Tests.Integration;

/// <summary>The lifecycle of applications, with etcd in a container if Docker is available.</summary>
public sealed class IntegrationTests(IntegrationEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Host_StartedAndStopped_RegistersUnderItsLeaseAndWithdraws()
    {
        var server = await etcd.GetAsync();
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server, "h.dev"));

        var entry = Assert.Single(await server.ReadAsync($"/services/{_service}/"));
        Assert.Equal($"/services/{_service}/{host.Registration.InstanceId}", entry.Key);
        Assert.NotNull(await server.GrantedAsync(entry.Lease!));

        await host.StopAsync();
        Assert.Empty(await server.ReadAsync($"/services/{_service}/"));
        Assert.Null(await server.GrantedAsync(entry.Lease!));
    }

    [Fact]
    public async Task Resolver_InstancesStartAndStop_ResolvesTheRegisteredOnes()
    {
        var server = await etcd.GetAsync();
        await using var watcher = await DiscoveryHost.StartAsync(server.Settings());
        await using var first = await DiscoveryHost.RegisterAsync(Settings(server, "first.dev"));
        Assert.Equal(first.Registration.InstanceId, (await watcher.Resolver.GetInstanceAsync(_service, cancellationToken: Token)).Id);

        await using var second = await DiscoveryHost.RegisterAsync(Settings(server, "second.dev"));
        await Eventually.TrueAsync(async () => await watcher.CountAsync(_service) == 2, "the second instance is seen");
        await first.StopAsync();
        await Eventually.TrueAsync(async () => await watcher.CountAsync(_service) == 1, "the first instance has left");

        Assert.Equal(second.Registration.InstanceId, (await watcher.Resolver.GetInstanceAsync(_service, cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task Entry_LeaseRevoked_IsRegisteredAgain()
    {
        var server = await etcd.GetAsync();
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server, "h.dev"));
        var lost = Assert.Single(await server.ReadAsync($"/services/{_service}/"));

        await server.RevokeAsync(lost.Lease!);

        await Eventually.TrueAsync(
            async () => (await server.FindAsync(lost.Key))?.Lease is { } lease && lease != lost.Lease, "the entry is registered under another lease");
    }

    /// <summary>The scenario of eng/quickstart.sh.</summary>
    [Fact]
    public async Task Shop_HostsReplacedAndKilled_KeepsServing()
    {
        var server = await etcd.GetAsync();
        await using var fleet = await ShopFleet.StartAsync(
            server,
            HttpFleet.RefusedPort(),
            new() { ["EtcdDiscovery:Etcd:Endpoints:0"] = server.Endpoint },
            new() { ["Shop:TimeToLookUp"] = "00:00:00" });
        await AssertServesAsync(fleet);

        await fleet.Catalog.ReplaceAllAsync();
        await AssertServesAsync(fleet);

        await fleet.Catalog.KillOneAsync();
        await AssertServesAsync(fleet);
    }

    [Fact]
    public async Task Worker_CatalogRegistersLater_CallsItUntilStopped()
    {
        var server = await etcd.GetAsync();
        var prefix = "/" + _service;
        await using var worker = ShopProcess.Start("Worker", new()
        {
            ["EtcdDiscovery:Etcd:Endpoints:0"] = server.Endpoint,
            ["EtcdDiscovery:KeyPrefix"] = prefix,
            ["Worker:Period"] = "00:00:00.1",
        });
        await using var catalog = await WebInstance.StartAsync("an item");
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings("catalog"))
        {
            ["KeyPrefix"] = prefix,
            ["Service:Hostname"] = "127.0.0.1",
            ["Service:Ports:http"] = $"{catalog.Port}",
        });

        await Eventually.TrueAsync(() => Task.FromResult(catalog.Requests > 1), "the worker has called the catalog twice");
        await worker.TerminateAsync();
    }

    private Dictionary<string, string?> Settings(IEtcd server, string hostname) => new(server.Settings(_service))
    {
        ["Service:Hostname"] = hostname,
        ["Service:Ports:http"] = "80",
    };

    private static async Task AssertServesAsync(ShopFleet fleet)
    {
        for (var item = 1; item <= 9; item++)
        {
            Assert.NotEmpty(await fleet.Storefront.GetStringAsync($"/items/{item}", Token));
        }
    }
}
