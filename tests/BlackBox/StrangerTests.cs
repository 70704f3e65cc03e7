using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Names chosen by untrusted callers cannot evict an application's own services.</summary>
public sealed class StrangerTests
{
    private const int Names = 12_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task UnknownNames_BeyondTheCatalogsLimit_DoNotAffectTheApplicationsServicesOrEtcd(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAsync("/services/catalog/a", """{"name":"a.dev","ports":null}""");
        await using var app = await App.RegisterAsync(Product.Settings(server.Endpoint, "shop", "http", 80));
        await app.WaitForHostnamesAsync("catalog", "a.dev");
        var lease = Assert.Single(await server.ReadAsync("/services/shop/")).Lease;

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Names),
            new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Token },
            async (i, token) => Assert.Empty(await app.Services.InstancesAsync($"unknown-{i}", token)));

        Assert.Equal("a.dev", await app.HostnamesAsync("catalog"));
        await server.PutAsync("/services/new/n", """{"name":"n.dev","ports":null}""");
        await app.WaitForHostnamesAsync("new", "n.dev");
        // The first name was evicted long ago, the last one is still watched.
        foreach (var unknown in new[] { 0, Names - 1 })
        {
            await server.PutAsync($"/services/unknown-{unknown}/s", """{"name":"s.dev","ports":null}""");
            await app.WaitForHostnamesAsync($"unknown-{unknown}", "s.dev");
        }

        // Two watches per name.
        await Eventually.TrueAsync(
            async () => await server.GetMetricAsync("etcd_debugging_mvcc_watcher_total") < 3_000, "etcd has fewer than 3,000 watches");
        Assert.Equal(lease, Assert.Single(await server.ReadAsync("/services/shop/")).Lease);
        Assert.Equal("Healthy", (await app.CheckAsync()).Status.ToString());
    }
}
