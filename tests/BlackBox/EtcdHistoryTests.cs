using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>A registered application whose etcd returns with another history: wiped, restored, replaced or compacted.</summary>
public sealed class EtcdHistoryTests
{
    private const string Service = "shop";

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Etcd_Wiped_BothKeysAreRestored(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await using var app = await RegisterAsync(keys);

        await server.KillAsync();
        await server.RestartAsync(wipe: true);

        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Etcd_RestoredToAnOlderRevision_BothKeysAreRestored(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        using var keys = new RawKeys(server);
        await server.KillAsync();
        server.Save();
        await server.RestartAsync(wipe: false);
        await WriteAsync(server, 50);
        await using var app = await RegisterAsync(keys);

        await server.KillAsync();
        server.Restore();
        await server.RestartAsync(wipe: false);

        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Fact]
    public async Task Etcd_ReplacedByAClusterWithAHigherRevision_BothKeysAreRestored()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var keys = new RawKeys(server);
        await using var app = await RegisterAsync(keys);

        await server.KillAsync();
        server.BecomeAnotherCluster();
        await server.RestartAsync(wipe: true);
        await WriteAsync(server, 50);

        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Etcd_CompactedWhileUnreachable_IsReadAgain(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        using var keys = new RawKeys(server);
        await using var relay = new CuttableRelay(server.Port);
        await server.PutAllAsync([("/services/other/a", Instance("a.dev")), ("/services/other/b", Instance("b.dev"))]);
        await using var app = await App.RegisterAsync(new Dictionary<string, string?>(Product.Settings(relay.Endpoint, Service))
        {
            [Setting.TimeToLive] = "00:01:00",
            [Setting.OutageGrace] = "00:00:00",
        });
        await app.WaitForHostnamesAsync("other", "a.dev", "b.dev");

        relay.Cut();
        var instance = Assert.Single(await server.ReadAsync("/services/shop/"));
        await server.DeleteAsync(instance.Key);
        await server.DeleteAsync("/services/other/a");
        await server.PutAsync("/services/other/c", Instance("c.dev"));
        await CompactAsync(server);
        relay.Mend();

        await app.WaitForHostnamesAsync("other", "b.dev", "c.dev");
        await app.WaitUntilIntactAsync(keys, Service);
        await server.PutAsync("/services/other/d", Instance("d.dev"));
        await app.WaitForHostnamesAsync("other", "b.dev", "c.dev", "d.dev");
    }

    private static Task<App> RegisterAsync(RawKeys keys) => App.RegisterAsync(new Dictionary<string, string?>(keys.Settings(Service))
    {
        [Setting.TimeToLive] = "00:00:02",
        [Setting.OutageGrace] = "00:00:00",
    });

    private static async Task WriteAsync(EtcdServer server, int times)
    {
        for (var i = 0; i < times; i++)
        {
            await server.PutAsync("/other", $"{i}");
        }
    }

    private static async Task CompactAsync(EtcdServer server)
    {
        var revision = (string)(await server.PostAsync("/v3/kv/range", new JsonObject { ["key"] = "YQ==" }))["header"]!["revision"]!;
        await server.PostAsync("/v3/kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true });
    }

    private static string Instance(string hostname) => $$$"""{"name":"{{{hostname}}}","ports":{"http":"80"}}""";
}
