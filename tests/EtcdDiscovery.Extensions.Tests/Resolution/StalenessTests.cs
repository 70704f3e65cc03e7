using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>How current an answer must be.</summary>
public sealed class StalenessTests : ManualCatalogTests
{
    [Fact]
    public async Task Linearizable_WatchIsBehind_AnswersFromTheStore()
    {
        await using var catalog = await StartAsync();
        Store.DropsChanges = true;
        await catalog.PutAsync(Service, "b");

        Assert.Equal("a", await IdsAsync(catalog, default));
        Assert.Equal("a b", await IdsAsync(catalog, ReadConsistency.Linearizable));
    }

    [Fact]
    public async Task Linearizable_Concurrent_ShareReads()
    {
        await using var catalog = await StartAsync();
        var gate = new TaskCompletionSource();
        Store.Gate = gate.Task;

        var queries = Enumerable.Range(0, 100).Select(_ => IdsAsync(catalog, ReadConsistency.Linearizable)).ToList();
        gate.SetResult();

        Assert.All(await Task.WhenAll(queries), ids => Assert.Equal("a", ids));
        // The first read, one shared by the queries that arrived before it started, and the initial one.
        Assert.InRange(Store.Reads, 2, 3);
    }

    [Fact]
    public async Task Linearizable_WhileAnotherReadIsUnderWay_SeesEarlierWrites()
    {
        await using var catalog = await StartAsync();
        var (contents, gate) = (new TaskCompletionSource(), new TaskCompletionSource());
        // A read that already has its result, and is delayed before it returns.
        Store.Rewrite = read =>
        {
            contents.TrySetResult();
            return read;
        };
        Store.After = gate.Task;
        var early = IdsAsync(catalog, ReadConsistency.Linearizable);
        await contents.Task.WaitAsync(Eventually.Patience, Token);
        await catalog.PutAsync(Service, "b");

        var late = IdsAsync(catalog, ReadConsistency.Linearizable);
        gate.SetResult();

        Assert.Equal(("a", "a b"), (await early, await late));
    }

    [Fact]
    public async Task Linearizable_StoreUnreachable_Fails()
    {
        await using var catalog = await StartAsync();
        Store.Failure = new EtcdDiscoveryException("away", isTransient: true);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => IdsAsync(catalog, ReadConsistency.Linearizable));

        Assert.Equal((true, "away"), (error.IsTransient, error.Message));
        Assert.Equal("a", await IdsAsync(catalog, default));
    }

    [Fact]
    public async Task MaxStaleness_ViewIsYoungEnough_IsAnsweredFromMemory()
    {
        await using var catalog = await StartAsync();
        Clock.Advance(TimeSpan.FromSeconds(5));

        await IdsAsync(catalog, Within(5));
        Assert.Equal(1, Store.Reads);
        await IdsAsync(catalog, Within(4));
        Assert.Equal(2, Store.Reads);
        // The read satisfies the next queries.
        Clock.Advance(TimeSpan.FromSeconds(4));
        await IdsAsync(catalog, Within(4));
        Assert.Equal(2, Store.Reads);
        // A change renews the age of the whole view.
        await catalog.PutAsync(Service, "b");
        await Eventually.TrueAsync(async () => await IdsAsync(catalog, default) == "a b", "b is resolved");
        await IdsAsync(catalog, Within(0));
        Assert.Equal(2, Store.Reads);
    }

    [Fact]
    public async Task MaxStaleness_StoreUnreachable_FailsAndStatesTheAge()
    {
        await using var catalog = await StartAsync();
        Store.Failure = new EtcdDiscoveryException("away", isTransient: true);
        Clock.Advance(TimeSpan.FromSeconds(5));

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => IdsAsync(catalog, Within(3)));

        Assert.True(error.IsTransient);
        Assert.Equal(
            "Service 'shop' was last confirmed 5.0 s ago, which exceeds MaxStaleness, 00:00:03, and could not be read: away", error.Message);
        Assert.Equal("a", await IdsAsync(catalog, Within(10)));
    }

    [Fact]
    public void MaxStaleness_BelowZero_IsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ReadConsistency.MaxStaleness(TimeSpan.FromTicks(-1)));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(long.MaxValue - 1)]
    public void MaxStaleness_Set_IsKept(long ticks) =>
        Assert.Equal(TimeSpan.FromTicks(ticks), ReadConsistency.MaxStaleness(TimeSpan.FromTicks(ticks)).MaxAge);

    private static ReadConsistency Within(int seconds) => ReadConsistency.MaxStaleness(TimeSpan.FromSeconds(seconds));

    private static async Task<string> IdsAsync(TestCatalog catalog, ReadConsistency consistency) => string.Join(
        ' ', (await catalog.Resolver.GetSnapshotAsync(Service, consistency, Token)).Instances.Select(instance => instance.Id));

    private Task<TestCatalog> StartAsync() => StartAsync(new CatalogSettings(TestCatalog.Quick), "a");
}
