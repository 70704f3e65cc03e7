using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Applications start, resolve and stop while etcd is unreachable.</summary>
public sealed class OutageTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Application_StartedBeforeEtcd_RegistersWhenEtcdStarts(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await server.KillAsync();
        await using var app = await App.StartAsync(keys.Settings(Service));
        var registered = app.RegisteredAsync();
        Assert.Equal(Failure.OutOfReach, await app.HostnamesAsync(Service));
        Assert.False(registered.IsCompleted);

        await server.RestartAsync(wipe: false);

        await registered;
        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Snapshot_EtcdUnreachable_IsStaleAndThenLiveAgain(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await PutAsync(keys, "a");
        await PutAsync(keys, "b");
        await using var app = await App.StartAsync(keys.Settings());
        await using var changes = new Sequence<string>(token => app.Services.WatchAsync(Service, token));
        Assert.Equal(["+a.dev", "+b.dev"], [await changes.NextAsync(), await changes.NextAsync()]);
        var live = await app.Services.SnapshotAsync(Service, Token);
        Assert.Equal(Freshness.Live, live.Freshness);

        await server.KillAsync();
        await WaitForHealthAsync(app, Freshness.Stale);
        var stale = await app.Services.SnapshotAsync(Service, Token);
        Assert.Equal(live.Instances.Select(instance => instance.Id), stale.Instances.Select(instance => instance.Id));
        Assert.InRange(stale.AsOf, live.AsOf, DateTimeOffset.UtcNow);
        Assert.Equal(stale.AsOf, (await app.Services.SnapshotAsync(Service, Token)).AsOf);
        Assert.Equal("a b", await app.Services.FindAsync(Service, null, Token));
        Assert.Equal("http://a.dev:80/x", await app.Services.InstanceUriAsync(Service, "http", "/x", first: true, isPrivate: false, Token));

        await server.RestartAsync(wipe: false);
        await WaitForHealthAsync(app, Freshness.Live);
        await PutAsync(keys, "c");
        Assert.Equal("+c.dev", await changes.NextAsync());
    }

    [Fact]
    public async Task Query_NothingCachedAndEtcdUnreachable_FailsAsTransientAndSucceedsLater()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var keys = new RawKeys(server);
        await server.KillAsync();
        await using var app = await App.StartAsync(keys.Settings());
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(Failure.OutOfReach, await app.Services.FindAsync(Service, null, Token));
        }

        await server.RestartAsync(wipe: false);
        await PutAsync(keys, "a");

        await app.WaitForHostnamesAsync(Service, "a.dev");
    }

    [Fact]
    public async Task Application_RequireRegistrationAndEtcdUnreachable_DoesNotStart()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var keys = new RawKeys(server);
        await server.KillAsync();
        await using var app = App.Build(new Dictionary<string, string?>(keys.Settings(Service))
        {
            [Setting.RequireRegistration] = "true",
            [Setting.RegistrationTimeout] = "00:00:01",
        });

        var error = await Record.ExceptionAsync(app.StartAsync);

        Assert.True(Product.IsTransient(error!), $"{error}");
        Assert.Contains(server.Endpoint, error!.Message, StringComparison.Ordinal);
        Assert.Contains(Setting.RequireRegistration, error.Message, StringComparison.Ordinal);
        await server.RestartAsync(wipe: false);
        await using var later = await App.RegisterAsync(new Dictionary<string, string?>(keys.Settings(Service)) { [Setting.RequireRegistration] = "true" });
        Assert.Equal("/services/shop/" + later.Registration.Id, Assert.Single(await keys.ReadAsync("/services/shop/")).Key);
    }

    [Fact]
    public async Task Application_StoppedWhileEtcdIsUnreachable_StopsAndItsKeyExpires()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var keys = new RawKeys(server);
        await using var app = await App.RegisterAsync(new Dictionary<string, string?>(keys.Settings(Service)) { [Setting.TimeToLive] = "00:00:02" });
        await server.KillAsync();

        await app.StopAsync().WaitAsync(Eventually.Patience, Token);

        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(async () => (await keys.ReadAsync("/services/shop/")).Count == 0, "its key has expired");
    }

    [Theory]
    [InlineData(StoreName.V3)]
    [InlineData(StoreName.V2)]
    public async Task Application_StartedWhileEtcdIsUnreachable_ServesTheSnapshotOfAnother(string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, EtcdVersion.First)));
        using var keys = new RawKeys(server, store);
        var folder = Directory.CreateTempSubdirectory("etcd-test-snapshots-");
        try
        {
            Dictionary<string, string?> settings = new(keys.Settings()) { [Setting.SnapshotDirectory] = folder.FullName };
            await PutAsync(keys, "a");
            await PutAsync(keys, "b");
            await using (var saving = await App.StartAsync(settings))
            {
                await saving.WaitForHostnamesAsync(Service, "a.dev", "b.dev");
                await saving.StopAsync();
            }

            await server.KillAsync();
            await using var app = await App.StartAsync(settings);

            await app.WaitForHostnamesAsync(Service, "a.dev", "b.dev");
            Assert.Equal(Freshness.Disk, (await app.Services.SnapshotAsync(Service, Token)).Freshness);
            Assert.Equal("http://a.dev:80/x", await app.Services.InstanceUriAsync(Service, "http", "/x", first: true, isPrivate: false, Token));
            await server.RestartAsync(wipe: false);
            await keys.DeleteAsync("/services/shop/a");
            await app.WaitForHostnamesAsync(Service, "b.dev");
            Assert.Equal(Freshness.Live, (await app.Services.SnapshotAsync(Service, Token)).Freshness);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Watchers_EtcdUnreachableForLongerThanTheTimeToLive_ReportNoDown(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await using var a = await App.RegisterAsync(Host("a"));
        await using var b = await App.RegisterAsync(Host("b"));
        await using var reader = await App.StartAsync(keys.Settings());
        await using var changes = new Sequence<string>(token => reader.Services.WatchAsync(Service, token));
        Assert.Equal(["+a", "+b"], new[] { await changes.NextAsync(), await changes.NextAsync() }.Order());

        await server.KillAsync();
        foreach (var host in new[] { a, b })
        {
            await Eventually.TrueAsync(() => Task.FromResult(host.Services.HasLostRegistration()), "the lease has expired");
        }

        await server.RestartAsync(wipe: false);
        foreach (var host in new[] { a, b })
        {
            await Eventually.TrueAsync(() => Task.FromResult(host.Registration.IsRegistered), "the host is registered again");
        }

        await using var c = await App.RegisterAsync(Host("c"));
        Assert.Equal("+c", await changes.NextAsync());

        Dictionary<string, string?> Host(string name) =>
            new(keys.Settings(Service)) { [Setting.TimeToLive] = "00:00:02", [Setting.Hostname] = name };
    }

    private static Task PutAsync(RawKeys keys, string id) =>
        keys.PutAsync($"/services/{Service}/{id}", $$$"""{"name":"{{{id}}}.dev","ports":{"http":"80"}}""");

    private static Task WaitForHealthAsync(App app, Freshness freshness) => Eventually.TrueAsync(
        async () => (await app.Services.SnapshotAsync(Service, Token)).Freshness == freshness, $"the snapshot is {freshness}");
}
