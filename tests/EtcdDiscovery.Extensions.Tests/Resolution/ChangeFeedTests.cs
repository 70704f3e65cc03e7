using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What slow and late watchers receive.</summary>
public sealed class ChangeFeedTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SlowWatcher_QueueNotFull_ReceivesAllChangesInOrder()
    {
        await using var catalog = new TestCatalog();
        await using var slow = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        await catalog.PutAsync(Service, "a");
        Assert.Equal("Up a h", await slow.NextAsync());

        await ChangeAsync(catalog, ChangeQueue.Capacity);

        for (var i = 0; i < ChangeQueue.Capacity; i++)
        {
            Assert.Equal($"Updated a h{i}", await slow.NextAsync());
        }
    }

    [Fact]
    public async Task SlowWatcher_QueueFull_ReceivesMergedChangesAndThenTheNextOnes()
    {
        await using var catalog = new TestCatalog();
        await using var slow = catalog.Resolver.WatchAsync(Service, Token).GetAsyncEnumerator(Token);
        await using var quick = new ChangeReader(catalog.Resolver.WatchAsync(Service, Token));
        await catalog.PutAsync(Service, "a");
        await catalog.PutAsync(Service, "gone");
        await UntilAsync(slow, update => update.Snapshot.Instances.Length == 2);
        Assert.Equal(["Up a h", "Up gone h"], [await quick.NextAsync(), await quick.NextAsync()]);

        const int TooMany = ChangeQueue.Capacity + 1;
        await ChangeAsync(catalog, TooMany, async hostname => Assert.Equal($"Updated a {hostname}", await quick.NextAsync()));
        await catalog.PutAsync(Service, "short");
        await catalog.DeleteAsync(Service, "short");
        await catalog.DeleteAsync(Service, "gone");
        Assert.Equal(["Up short h", "Down short h", "Down gone h"], [await quick.NextAsync(), await quick.NextAsync(), await quick.NextAsync()]);

        Assert.True(await slow.MoveNextAsync());
        Assert.Equal(
            [(ServiceChangeKind.Updated, "a", $"h{TooMany - 1}", null), (ServiceChangeKind.Down, "gone", "h", default(ServiceDownReason?))],
            slow.Current.Changes.Select(change => (change.Kind, change.Instance.Id, change.Instance.Hostname, change.DownReason)));
        Assert.Equal($"h{TooMany - 1}", Assert.Single(slow.Current.Snapshot.Instances).Hostname);
        await catalog.PutAsync(Service, "b", ServiceStatus.Maintenance);
        await catalog.PutAsync(Service, "c");
        var last = await UntilAsync(slow, update => update.Snapshot.Instances.Length == 3);
        Assert.Equal((ServiceChangeKind.Up, "c"), (last.Changes[^1].Kind, last.Changes[^1].Instance.Id));
    }

    [Fact]
    public async Task FirstUpdate_ServiceWithoutInstances_IsEmpty()
    {
        await using var catalog = new TestCatalog();
        await using var updates = catalog.Resolver.WatchAsync(Service, Token).GetAsyncEnumerator(Token);

        Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Eventually.Patience, Token));

        Assert.Empty(updates.Current.Changes);
        Assert.Empty(updates.Current.Snapshot.Instances);
    }

    [Fact]
    public async Task Watcher_UpToDate_ReceivesOneLargeUpdateAsChanges()
    {
        await using var catalog = new TestCatalog();
        await using var changes = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        await catalog.PutAsync(Service, "a");
        Assert.Equal("Up a h", await changes.NextAsync());

        await catalog.PutAsync([.. Enumerable.Range(0, ChangeQueue.Capacity * 2).Select(i => TestCatalog.Put(Service, $"b{i:0000}"))]);

        for (var i = 0; i < ChangeQueue.Capacity * 2; i++)
        {
            Assert.Equal($"Up b{i:0000} h", await changes.NextAsync());
        }
    }

    [Fact]
    public async Task Instance_RemovedWithinOneUpdate_IsDownOnceWithTheReason()
    {
        await using var catalog = new TestCatalog();
        await catalog.PutAsync(Service, "a");
        await catalog.PutAsync(Service, "b");
        await using var changes = catalog.Resolver.WatchAsync(Service, Token).SelectMany(update => update.Changes).GetAsyncEnumerator(Token);
        Assert.True(await changes.MoveNextAsync() && await changes.MoveNextAsync());

        await catalog.PutAsync(Service, "a", ServiceStatus.Draining);
        await catalog.DeleteAsync(Service, "a");
        await catalog.DeleteAsync(Service, "b");

        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(("a", ServiceDownReason.Unregistered), (changes.Current.Instance.Id, changes.Current.DownReason));
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(("b", ServiceDownReason.Expired), (changes.Current.Instance.Id, changes.Current.DownReason));
    }

    private static async Task<ServiceUpdate> UntilAsync(IAsyncEnumerator<ServiceUpdate> updates, Predicate<ServiceUpdate> condition)
    {
        do
        {
            Assert.True(await updates.MoveNextAsync().AsTask().WaitAsync(Eventually.Patience, Token));
        }
        while (!condition(updates.Current));

        return updates.Current;
    }

    // Waits for each change, so that changes are not merged.
    private static async Task ChangeAsync(TestCatalog catalog, int times, Func<string, Task>? onSeenAsync = null)
    {
        for (var i = 0; i < times; i++)
        {
            var superseded = catalog.Catalog.Services.Single().View.Superseded;
            await catalog.PutAsync(Service, "a", hostname: $"h{i}");
            await superseded.WaitAsync(Eventually.Patience, Token);
            await (onSeenAsync?.Invoke($"h{i}") ?? Task.CompletedTask);
        }
    }
}
