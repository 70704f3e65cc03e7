using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What readers of changes get who are slow, or come late.</summary>
public sealed class ChangeFeedTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task SlowReader_GetsEverythingInOrderAsLongAsItFits()
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
    public async Task ReaderThatIsTooSlow_GetsOneResyncAndThenWhatFollows()
    {
        await using var catalog = new TestCatalog();
        await using var slow = catalog.Resolver.WatchAsync(Service, cancellationToken: Token).GetAsyncEnumerator(Token);
        await using var quick = new ChangeReader(catalog.Resolver.WatchAsync(Service, cancellationToken: Token));
        await catalog.PutAsync(Service, "a");
        Assert.True(await slow.MoveNextAsync());
        Assert.Equal("Up a h", await quick.NextAsync());

        const int TooMany = ChangeQueue.Capacity + 1;
        await ChangeAsync(catalog, TooMany, async hostname => Assert.Equal($"Updated a {hostname}", await quick.NextAsync()));

        Assert.True(await slow.MoveNextAsync());
        var resync = slow.Current;
        Assert.Equal((ServiceChangeKind.Resync, null), (resync.Kind, resync.Instance));
        Assert.Equal($"h{TooMany - 1}", Assert.Single(resync.Snapshot!.Instances).Hostname);
        await catalog.PutAsync(Service, "b", ServiceStatus.Maintenance);
        await catalog.PutAsync(Service, "c");
        Assert.True(await slow.MoveNextAsync());
        Assert.Equal((ServiceChangeKind.Up, "c"), (slow.Current.Kind, slow.Current.Instance?.Id));
    }

    [Fact]
    public async Task Reader_ThatIsUpToDate_GetsOneLargeUpdateAsChanges()
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
    public async Task Reader_WhoDoesNotWantWhatIsPresent_IsToldOfChangesOnly()
    {
        await using var catalog = new TestCatalog();
        await catalog.PutAsync(Service, "a");
        await catalog.Resolver.GetInstanceAsync(Service, cancellationToken: Token);
        await using var changes = new ChangeReader(
            catalog.Resolver.WatchAsync(Service, includePresent: false, cancellationToken: Token));
        var first = changes.NextAsync();

        // Its watch begins with the first move; what happens after that is told.
        await catalog.PutAsync(Service, "b");

        Assert.Equal("Up b h", await first);
    }

    [Fact]
    public async Task InstanceThatLeaves_WithinOneUpdate_IsDownOnceWithTheReason()
    {
        await using var catalog = new TestCatalog();
        await catalog.PutAsync(Service, "a");
        await catalog.PutAsync(Service, "b");
        await using var changes = catalog.Resolver.WatchAsync(Service, cancellationToken: Token).GetAsyncEnumerator(Token);
        Assert.True(await changes.MoveNextAsync() && await changes.MoveNextAsync());

        await catalog.PutAsync(Service, "a", ServiceStatus.Draining);
        await catalog.DeleteAsync(Service, "a");
        await catalog.DeleteAsync(Service, "b");

        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(("a", ServiceDownReason.Unregistered), (changes.Current.Instance?.Id, changes.Current.DownReason));
        Assert.True(await changes.MoveNextAsync());
        Assert.Equal(("b", ServiceDownReason.Expired), (changes.Current.Instance?.Id, changes.Current.DownReason));
    }

    // Each is seen before the next is made, so that each is a change of its own.
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
