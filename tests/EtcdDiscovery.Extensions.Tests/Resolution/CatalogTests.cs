using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What the catalog caches, for how long, and how it reports that a snapshot is outdated.</summary>
public sealed class CatalogTests : ManualCatalogTests
{
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task Service_Unused_IsEvictedAndReadAgainByTheNextQuery()
    {
        await using var catalog = await StartAsync();
        var token = (await catalog.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).ChangeToken;

        await WaitForEvictionAsync(catalog);

        Assert.True(token.HasChanged);
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        Assert.Equal(2, Store.Reads);
    }

    [Fact]
    public async Task Service_QueriedOccasionally_IsKept()
    {
        await using var catalog = await StartAsync();

        for (var i = 0; i < 20; i++)
        {
            await PassAsync(IdleTimeout / 2);
            await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        }

        Assert.Equal(1, Store.Reads);
    }

    [Fact]
    public async Task Service_UnusedDuringAnOutage_IsKeptUntilItCanBeReadAgain()
    {
        await using var catalog = await StartAsync();
        Store.Outage = new EtcdDiscoveryException("away", isTransient: true);
        Store.EndWatches(Store.Outage);
        await Eventually.TrueAsync(
            () => Task.FromResult(Assert.Single(catalog.Catalog.Services).OutageReason is not null), "the outage is detected");

        await PassAsync(IdleTimeout * 3);
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);

        Store.Outage = null;
        await Eventually.TrueAsync(
            () =>
            {
                // The loop backs off before it retries.
                Clock.Advance(TimeSpan.FromMilliseconds(5));
                return Task.FromResult(Assert.Single(catalog.Catalog.Services).OutageReason is null);
            },
            "it is read again");
        await WaitForEvictionAsync(catalog);
        Assert.True(catalog.Catalog.HasRead);
    }

    [Fact]
    public async Task Service_Watched_IsKeptUntilTheLastWatcherEnds()
    {
        await using var catalog = await StartAsync();
        await using (var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token)))
        {
            Assert.Equal("Up a h", await changes.NextAsync());
            for (var i = 0; i < 20; i++)
            {
                await PassAsync(IdleTimeout / 2);
            }

            await catalog.PutAsync(Service, "b");
            Assert.Equal("Up b h", await changes.NextAsync());
            Assert.Equal(1, Store.Reads);
        }

        await WaitForEvictionAsync(catalog);
    }

    [Fact]
    public async Task Refresh_WatchHasMissedChanges_CorrectsTheView()
    {
        await using var catalog = await StartAsync(RefreshInterval);
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal("Up a h", await changes.NextAsync());
        Store.DropsChanges = true;
        await catalog.PutAsync(Service, "b");
        await catalog.DeleteAsync(Service, "a");

        Clock.Advance(RefreshInterval * 1.25);

        Assert.Equal(["Down a h", "Up b h"], [await changes.NextAsync(), await changes.NextAsync()]);
        Assert.Equal(2, Store.Reads);
    }

    [Fact]
    public async Task Refresh_Fails_LeavesTheWatchOpen()
    {
        await using var catalog = await StartAsync(RefreshInterval);
        Store.Failure = new EtcdDiscoveryException("away", isTransient: true);

        Clock.Advance(RefreshInterval * 1.25);
        await Eventually.TrueAsync(
            () =>
            {
                // The loop backs off before it watches again.
                Clock.Advance(TimeSpan.FromMilliseconds(5));
                return Task.FromResult(Store.Watches == 2);
            },
            "the watch is established again");

        await catalog.PutAsync(Service, "b");
        await Eventually.TrueAsync(
            async () => (await catalog.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count == 2, "b is resolved");
        Assert.Equal(2, Store.Reads);
    }

    [Fact]
    public async Task Refresh_NothingChanged_KeepsTheVersionAndFiresNoToken()
    {
        await using var catalog = await StartAsync(RefreshInterval);
        var before = await SnapshotAsync(catalog);

        Clock.Advance(RefreshInterval * 1.25);

        await Eventually.TrueAsync(() => Task.FromResult(Store.Watches == 2), "the service is read and watched again");
        await Eventually.TrueAsync(async () => (await SnapshotAsync(catalog)).AsOf > before.AsOf, "the snapshot is newer");
        Assert.Equal(before.Version, (await SnapshotAsync(catalog)).Version);
        Assert.False(before.ChangeToken.HasChanged);
    }

    [Fact]
    public async Task ChangeToken_AfterAChange_FiresOnce()
    {
        await using var catalog = await StartAsync();
        var fired = new SemaphoreSlim(0);
        var snapshot = await SnapshotAsync(catalog);
        using var silenced = snapshot.ChangeToken.RegisterChangeCallback(_ => Assert.Fail("The registration was disposed."), null);
        silenced.Dispose();
        using var registration = snapshot.ChangeToken.RegisterChangeCallback(_ => fired.Release(), null);
        Assert.False(snapshot.ChangeToken.HasChanged);

        await catalog.PutAsync(Service, "b");

        Assert.True(await fired.WaitAsync(Eventually.Patience, Token));
        Assert.True(snapshot.ChangeToken.HasChanged);
        var next = await SnapshotAsync(catalog);
        Assert.False(next.ChangeToken.HasChanged);
        Assert.NotEqual(snapshot.Version, next.Version);
        await catalog.DeleteAsync(Service, "b");
        await Eventually.TrueAsync(() => Task.FromResult(next.ChangeToken.HasChanged), "the next token fires");
        Assert.Equal(0, fired.CurrentCount);
    }

    [Fact]
    public async Task ChangeToken_OfALinearizableSnapshot_FiresForChangesItLacks()
    {
        await using var catalog = await StartAsync();
        var (answered, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        // The answer is delayed until the watch has delivered a change that the answer lacks.
        Store.Rewrite = read =>
        {
            answered.TrySetResult();
            return read;
        };
        Store.After = gate.Task;
        var reading = catalog.Resolver.GetSnapshotAsync(Service, ReadConsistency.Linearizable, Token).AsTask();
        await answered.Task.WaitAsync(Eventually.Patience, Token);
        await catalog.PutAsync(Service, "b");
        await Eventually.TrueAsync(async () => (await SnapshotAsync(catalog)).Instances.Length == 2, "the watch has delivered b");

        gate.SetResult();

        var snapshot = await reading.WaitAsync(Eventually.Patience, Token);
        Assert.Equal("a", Assert.Single(snapshot.Instances).Id);
        Assert.True(snapshot.ChangeToken.HasChanged);
    }

    [Fact]
    public async Task Snapshot_OfALinearizableRead_IsLiveAndAsOfItsRequest()
    {
        await using var catalog = await StartAsync();
        Clock.Advance(TimeSpan.FromSeconds(5));

        var snapshot = await catalog.Resolver.GetSnapshotAsync(Service, ReadConsistency.Linearizable, Token);

        Assert.Equal((SnapshotSource.Live, Clock.GetUtcNow()), (snapshot.Source, snapshot.AsOf));
        Assert.Equal((await SnapshotAsync(catalog)).Version, snapshot.Version);
    }

    [Fact]
    public async Task Services_BeyondTheLimit_AreRefusedWhileOthersAreAnswered()
    {
        await using var catalog = new TestCatalog();
        var names = Enumerable.Range(0, ServiceCatalog.MaxServices).Select(i => $"{Service}-{i}").ToList();
        await catalog.PutAsync([.. names.Select(name => TestCatalog.Put(name, "a"))]);
        await AskAsync(catalog, names);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            async () => await catalog.Resolver.GetSnapshotAsync("one-more", cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal("Service 'one-more' cannot be queried: this process already watches the maximum of 10000 services.", error.Message);
        Assert.Single((await catalog.Resolver.GetSnapshotAsync($"{Service}-0", cancellationToken: TestContext.Current.CancellationToken)).Instances);
    }

    [Fact]
    public async Task UnknownNames_ByTheThousands_DoNotAffectServicesWatchersOrMemory()
    {
        await using var catalog = await StartAsync();
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync("not-yet", cancellationToken: Token));
        var own = catalog.Catalog.Services.Single(service => service.Name == Service);

        foreach (var names in Enumerable.Range(0, 50_000).Select(i => $"unknown-{i}").Chunk(5_000))
        {
            await AskAsync(catalog, names);
            Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
            Assert.InRange(catalog.Catalog.Services.Count(), 2, ServiceCatalog.MaxUnknownNames + 1_000);
        }

        Assert.Same(own, catalog.Catalog.Services.Single(service => service.Name == Service));
        await catalog.PutAsync("not-yet", "x");
        Assert.Equal("Up x h", await changes.NextAsync());
        // One name that was evicted, and one that is still watched.
        await catalog.PutAsync("unknown-0", "x");
        await catalog.PutAsync("unknown-49999", "x");
        Assert.Equal("x", (await catalog.Resolver.GetInstanceAsync("unknown-0", cancellationToken: Token)).Id);
        await Eventually.TrueAsync(
            async () => (await catalog.Resolver.GetSnapshotAsync("unknown-49999", cancellationToken: Token)).Instances.Length == 1, "the instance is resolved");
        await catalog.PutAsync("new", "x");
        Assert.Equal("x", (await catalog.Resolver.GetInstanceAsync("new", cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task UnknownNames_QueriedDuringAnOutage_LeaveRoomForServicesAfterwards()
    {
        // A read may fail before its query waits for it. The query then waits for the next read, which a clock that is not advanced would prevent.
        await using var catalog = new TestCatalog(
            Store, new CatalogSettings(new Backoff(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(2))), TimeProvider.System);
        await catalog.PutAsync(Service, "a");
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        Store.Outage = new EtcdDiscoveryException("away", isTransient: true);
        for (var i = 0; i < ServiceCatalog.MaxServices + 1_000; i++)
        {
            await Assert.ThrowsAsync<EtcdDiscoveryException>(async () => await catalog.Resolver.GetSnapshotAsync($"unknown-{i}", cancellationToken: Token));
        }

        Store.Outage = null;
        await catalog.PutAsync("new", "x");

        Assert.Equal("x", (await catalog.Resolver.GetInstanceAsync("new", cancellationToken: Token)).Id);
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
    }

    [Fact]
    public async Task Reads_OfManyServicesAtOnce_AreLimitedAndTheRestFailsAfterATimeout()
    {
        await using var catalog = await StartAsync();
        var (gate, before) = (new TaskCompletionSource(), Store.Reads);
        Store.Gate = gate.Task;
        var queries = Enumerable.Range(0, 200).Select(i => catalog.Resolver.GetSnapshotAsync($"unknown-{i}", cancellationToken: Token).AsTask()).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(Store.Reads - before == 64 && Clock.ArmedTimers >= 200 - 64), "64 reads run, the other queries wait");

        Clock.Advance(TimeSpan.FromSeconds(5));
        // The thread pool decides which of them wait.
        await Eventually.TrueAsync(() => Task.FromResult(queries.Count(query => query.IsFaulted) == 200 - 64), "the waiting queries fail");
        gate.SetResult();

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => queries.First(query => query.IsFaulted));
        Assert.Contains("64 reads are in progress", error.Message, StringComparison.Ordinal);
        await Eventually.TrueAsync(() => Task.FromResult(queries.Count(query => query.IsCompletedSuccessfully) >= 64), "the others are answered");
        Assert.Equal("a", (await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
    }

    private static ValueTask<ServiceSnapshot> SnapshotAsync(TestCatalog catalog) =>
        catalog.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);

    private static Task AskAsync(TestCatalog catalog, IEnumerable<string> names) => Parallel.ForEachAsync(
        names,
        new ParallelOptions { MaxDegreeOfParallelism = 50, CancellationToken = Token },
        async (name, token) => await catalog.Resolver.GetSnapshotAsync(name, cancellationToken: token));

    private Task<TestCatalog> StartAsync(TimeSpan? refreshInterval = null) => StartAsync(
        new CatalogSettings(TestCatalog.Quick)
        {
            IdleTimeout = IdleTimeout,
            RefreshInterval = refreshInterval ?? Timeout.InfiniteTimeSpan,
        },
        "a");

    private async Task WaitForEvictionAsync(TestCatalog catalog)
    {
        await PassAsync(IdleTimeout * 1.25);
        await Eventually.TrueAsync(() => Task.FromResult(!catalog.Catalog.Services.Any()), "the service is evicted");
    }

    // Advances in steps; between them, the loops arm their timers again.
    private async Task PassAsync(TimeSpan time)
    {
        var waiting = Clock.ArmedTimers;
        for (var passed = TimeSpan.Zero; passed < time; passed += IdleTimeout / 8)
        {
            await Eventually.TrueAsync(() => Task.FromResult(Clock.ArmedTimers >= waiting), "the timers are armed");
            Clock.Advance(IdleTimeout / 8);
        }
    }
}
