using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A store that returns without its data does not empty the snapshots immediately.</summary>
public sealed class OutageGraceTests : ManualCatalogTests
{
    private static readonly string[] FiveIds = ["a", "b", "c", "d", "e"];

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);

    // Longer than the longest back-off of the loops.
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Instances_MissingAfterAnOutage_AreSuspectsUntilTheGraceEnds()
    {
        await using var catalog = await StartAsync(Grace);
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal(["Up a h", "Up b h"], [await changes.NextAsync(), await changes.NextAsync()]);

        await LoseDataAsync();

        Assert.Equal(("a b", "a b"), await KnownAsync(catalog));
        Clock.Advance(Grace - Moment);
        Assert.Equal(("a b", "a b"), await KnownAsync(catalog));
        Clock.Advance(Moment);
        Assert.Equal(("", ""), await KnownAsync(catalog));
        Assert.Equal(["Down a h", "Down b h"], [await changes.NextAsync(), await changes.NextAsync()]);
    }

    [Fact]
    public async Task Suspect_Restored_IsNoLongerASuspect()
    {
        await using var catalog = await StartAsync(Grace);
        await LoseDataAsync();

        // The host writes the same value again, so nothing else changes.
        await catalog.PutAsync(Service, "a");

        await Eventually.TrueAsync(async () => await KnownAsync(catalog) == ("a b", "b"), "a is no longer a suspect");
        Clock.Advance(Grace);
        Assert.Equal(("a", ""), await KnownAsync(catalog));
    }

    [Fact]
    public async Task Suspects_OutageRepeated_AreNotKeptLonger()
    {
        await using var catalog = await StartAsync(Grace);
        await LoseDataAsync();
        Clock.Advance(Grace / 2);
        Store.LoseHistory();
        await WaitForWatchAsync(3);

        Assert.Equal(("a b", "a b"), await KnownAsync(catalog));
        Clock.Advance(Grace / 2);

        Assert.Equal(("", ""), await KnownAsync(catalog));
    }

    [Fact]
    public async Task Instance_Unregistered_IsRemovedAtOnce()
    {
        await using var catalog = await StartAsync(Grace);
        await catalog.PutAsync(Service, "b", ServiceStatus.Draining);
        await Eventually.TrueAsync(
            async () => (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count == 1, "b drains");

        await LoseDataAsync();

        Assert.Equal(("a", "a"), await KnownAsync(catalog));
    }

    [Fact]
    public async Task Instances_WithoutGrace_AreRemovedAtOnce()
    {
        await using var catalog = await StartAsync(TimeSpan.Zero);

        await LoseDataAsync();

        Assert.Equal(("", ""), await KnownAsync(catalog));
    }

    [Fact]
    public async Task Instances_MoreThanHalfExpireTogether_RestIsSuspect()
    {
        await using var catalog = await StartAsync(Grace, FiveIds);
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        foreach (var id in FiveIds)
        {
            Assert.Equal($"Up {id} h", await changes.NextAsync());
        }

        foreach (var id in FiveIds)
        {
            await catalog.DeleteAsync(Service, id);
        }

        await WaitForHealthAsync(catalog, "c d e", "c d e");
        await catalog.PutAsync(Service, "d");
        await WaitForHealthAsync(catalog, "c d e", "c e");
        Clock.Advance(Grace);
        await WaitForHealthAsync(catalog, "d", "");
        Assert.Equal(
            ["Down a h", "Down b h", "Down c h", "Down e h"],
            [await changes.NextAsync(), await changes.NextAsync(), await changes.NextAsync(), await changes.NextAsync()]);
    }

    [Fact]
    public async Task Instances_MoreThanHalfExpireInOneBatch_RestIsSuspect()
    {
        await using var catalog = await StartAsync(Grace, FiveIds);

        await catalog.DeleteAsync(Keys(FiveIds));

        await WaitForHealthAsync(catalog, "c d e", "c d e");
    }

    [Fact]
    public async Task Instances_ExpiringOneByOne_AreRemovedAtOnce()
    {
        await using var catalog = await StartAsync(Grace, FiveIds);
        foreach (var (index, id) in FiveIds.Index())
        {
            await catalog.DeleteAsync(Service, id);
            await WaitForHealthAsync(catalog, string.Join(' ', FiveIds[(index + 1)..]), "");
            Clock.Advance(Grace);
        }
    }

    [Fact]
    public async Task Instances_FewerThanFourOrUnregistering_AreRemovedAtOnce()
    {
        await using var catalog = await StartAsync(Grace, FiveIds[..3]);
        await catalog.DeleteAsync(Keys(FiveIds[..3]));
        await WaitForHealthAsync(catalog, "", "");

        await catalog.PutAsync([.. FiveIds.Select(id => TestCatalog.Put(Service, id, ServiceStatus.Draining))]);
        await WaitForHealthAsync(catalog, "a b c d e", "");
        await catalog.DeleteAsync(Keys(FiveIds));
        await WaitForHealthAsync(catalog, "", "");
    }

    [Fact]
    public async Task Instances_RestoredAfterExpiringTogether_ArePresentAtOnce()
    {
        await using var catalog = await StartAsync(Grace, FiveIds);
        await catalog.DeleteAsync(Keys(FiveIds));
        await WaitForHealthAsync(catalog, "c d e", "c d e");
        await catalog.PutAsync([.. FiveIds.Select(id => TestCatalog.Put(Service, id))]);
        await WaitForHealthAsync(catalog, "a b c d e", "");

        await catalog.DeleteAsync(Service, "d");

        await WaitForHealthAsync(catalog, "a b c e", "");
    }

    [Fact]
    public async Task Instances_FewExpiringAfterTheWatchBroke_AreSuspects()
    {
        await using var catalog = await StartAsync(Grace);
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal(["Up a h", "Up b h"], [await changes.NextAsync(), await changes.NextAsync()]);
        Store.EndWatches(new EtcdDiscoveryException("away", isTransient: true));
        await WaitForWatchAsync(2);

        // As etcd v2 expires keys after a restart.
        await catalog.DeleteAsync(Keys(["a", "b"]));
        await WaitForHealthAsync(catalog, "a b", "a b");
        await catalog.PutAsync([TestCatalog.Put(Service, "a"), TestCatalog.Put(Service, "c")]);
        await WaitForHealthAsync(catalog, "a b c", "b");

        Assert.Equal("Up c h", await changes.NextAsync());
        Clock.Advance(Grace);
        await WaitForHealthAsync(catalog, "a c", "");
        await catalog.DeleteAsync(Service, "a");
        await WaitForHealthAsync(catalog, "c", "");
    }

    private static string[] Keys(string[] ids) => [.. ids.Select(id => ServiceKeys.Instance(Service, id))];

    private static Task WaitForHealthAsync(TestCatalog catalog, string instances, string suspects) => Eventually.TrueAsync(
        async () => await KnownAsync(catalog) == (instances, suspects), $"'{instances}' are known, '{suspects}' are suspects");

    /// <summary>The ids of the known instances, and of the suspects among them.</summary>
    private static async Task<(string Instances, string Suspects)> KnownAsync(TestCatalog catalog)
    {
        var snapshot = await catalog.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        return (Ids(snapshot.Instances), Ids(snapshot.Suspects));
    }

    private static string Ids(IEnumerable<ServiceInstance> instances) => string.Join(' ', instances.Select(instance => instance.Id));

    private async Task<TestCatalog> StartAsync(TimeSpan grace, string[]? ids = null)
    {
        ids ??= ["a", "b"];
        var catalog = await StartAsync(new CatalogSettings(TestCatalog.Quick) { OutageGrace = grace }, ids);
        Assert.Equal((string.Join(' ', ids), ""), await KnownAsync(catalog));
        return catalog;
    }

    private async Task LoseDataAsync()
    {
        var watches = Store.Watches;
        Store.Rewrite = contents => new(contents.Revision, []);
        Store.LoseHistory();
        await WaitForWatchAsync(watches + 1);
    }

    private Task WaitForWatchAsync(int watches) => Eventually.TrueAsync(
        () =>
        {
            // The loop backs off before it retries.
            Clock.Advance(TimeSpan.FromMilliseconds(5));
            return Task.FromResult(Store.Watches == watches);
        },
        "the watch is established");
}
