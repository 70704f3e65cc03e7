using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Other clients of etcd revoke an instance's lease, and delete or overwrite its keys.</summary>
public sealed class KeyFaultTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Directory => $"/services/{_service}/";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Lease_RevokedByOthers_IsReplacedAndTheIdStays(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        using var keys = new RawKeys(server);
        await using var app = await App.RegisterAsync(Settings(keys));
        await using var witness = KeyWitness.Of(server, _service);
        for (var i = 0; i < 3; i++)
        {
            var before = Assert.Single(await server.ReadAsync(Directory));

            await server.RevokeAsync(before.Lease!);

            await Eventually.TrueAsync(
                async () => await server.ReadAsync(Directory) is [{ Lease: { } lease } now]
                    && lease != before.Lease && (now.Key, now.Value) == (before.Key, before.Value),
                "the instance is registered with another lease");
        }

        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "the registration is reported as registered");
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Keys_DeletedByOthers_AreRestored(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var app = await App.RegisterAsync(Settings(keys));
        var (instance, info) = (Assert.Single(await keys.ReadAsync(Directory)), await keys.FindAsync(InfoKey));
        for (var i = 0; i < 3; i++)
        {
            await keys.DeleteAsync(instance.Key);
            await keys.DeleteAsync(InfoKey);

            await Eventually.TrueAsync(
                async () => await keys.ReadAsync(Directory) is [var now] && now == instance && await keys.FindAsync(InfoKey) == info,
                "both keys are restored");
        }

        await app.StopAsync();
        Assert.Empty(await keys.ReadAsync(Directory));
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Instance_OverwrittenByOthers_IsRestoredAndWithdrawnAtTheEnd(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var app = await App.RegisterAsync(Settings(keys));
        var instance = Assert.Single(await keys.ReadAsync(Directory));
        foreach (var value in new[] { "nonsense", """{"name":"other.dev"}""" })
        {
            await keys.PutAsync(instance.Key, value);

            await Eventually.TrueAsync(async () => await keys.FindAsync(instance.Key) == instance.Value, "the instance's own value is restored");
        }

        await app.StopAsync();
        Assert.Empty(await keys.ReadAsync(Directory));
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Entries_Unreadable_AreSkippedCountedAndLoggedOnceWithoutTheirText(EtcdVersion version, string store)
    {
        const string Secret = "hush-hush";
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await keys.PutAsync(Directory + "a", Instance("a.dev"));
        await keys.PutAsync(Directory + "bad", $"{{not json, password={Secret}");
        await keys.PutAsync(Directory + "long", $$"""{"name":"h.dev","zone":"{{new string('z', 64 * 1024)}}"}""");
        await using var app = await App.StartAsync(keys.Settings());

        Assert.Equal("a.dev", await app.HostnamesAsync(_service));
        await keys.PutAsync(Directory + "bad", $"{{still not json, password={Secret}");
        await keys.PutAsync(Directory + "c", Instance("c.dev"));
        await app.WaitForHostnamesAsync(_service, "a.dev", "c.dev");

        Assert.Equal(2, (await app.Services.SnapshotAsync(_service, Token)).UnreadableEntries);
        Assert.Single(app.Logs.Lines, line => line.Message.Contains(Directory + "bad", StringComparison.Ordinal));
        Assert.All(app.Logs.Lines, line => Assert.DoesNotContain(Secret, line.ToString(), StringComparison.Ordinal));
        await keys.PutAsync(Directory + "bad", Instance("b.dev"));
        await app.WaitForHostnamesAsync(_service, "a.dev", "b.dev", "c.dev");
    }

    private Dictionary<string, string?> Settings(RawKeys keys) => new(keys.Settings(_service))
    {
        [Setting.Hostname] = "h.dev",
        [Setting.TimeToLive] = "00:00:10",
    };

    private static string Instance(string hostname) => $$$"""{"name":"{{{hostname}}}","ports":{"http":"80"}}""";
}
