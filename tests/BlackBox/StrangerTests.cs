using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Whoever chooses the names that an application resolves cannot crowd out its own services.</summary>
public sealed class StrangerTests
{
    private const int Names = 12_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task UnknownNames_MoreThanFitIntoTheCatalog_LeaveTheApplicationsServicesAndEtcdAlone(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAsync("/services/catalog/a", """{"name":"a.dev","ports":null}""");
        await using var app = await App.RegisterAsync(Product.Settings(server.Endpoint, "shop", "http", 80));
        await app.SeesAsync("catalog", "a.dev");
        var lease = Assert.Single(await server.ReadAsync("/services/shop/")).Lease;

        await Parallel.ForEachAsync(
            Enumerable.Range(0, Names),
            new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Token },
            async (i, token) => Assert.Empty(await app.Services.InstancesAsync($"stranger-{i}", token)));

        Assert.Equal("a.dev", await app.HostnamesAsync("catalog"));
        await server.PutAsync("/services/new/n", """{"name":"n.dev","ports":null}""");
        await app.SeesAsync("new", "n.dev");
        // The first was forgotten long ago, the last is still watched.
        foreach (var stranger in new[] { 0, Names - 1 })
        {
            await server.PutAsync($"/services/stranger-{stranger}/s", """{"name":"s.dev","ports":null}""");
            await app.SeesAsync($"stranger-{stranger}", "s.dev");
        }

        // Two watches a name.
        await Eventually.TrueAsync(
            async () => await server.GetMetricAsync("etcd_debugging_mvcc_watcher_total") < 3_000, "etcd has few watches left");
        Assert.Equal(lease, Assert.Single(await server.ReadAsync("/services/shop/")).Lease);
        Assert.Equal("Healthy", (await app.CheckAsync()).Status.ToString());
    }
}
