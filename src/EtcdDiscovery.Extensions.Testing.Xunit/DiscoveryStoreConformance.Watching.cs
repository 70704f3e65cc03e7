using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing;

// Watching changes.
public abstract partial class DiscoveryStoreConformance
{
    [Fact]
    public async Task Watch_PutBetweenReadAndWatch_IsSeen()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("before"));
        var read = await ReadAsync();
        var revision = await PutAsync(session, Put("between", "value"));

        await using var watch = Watch(read.Revision);
        var batch = await watch.NextAsync();

        Assert.Equal(revision, batch.Revision);
        var change = Assert.Single(batch.Events);
        Assert.Equal((Root + "between", "value", revision.Number), (change.Key, Text(change.Value), change.Revision));
    }

    [Fact]
    public async Task Watch_PutUpdateDelete_AreReportedInOrder()
    {
        await using var session = await OpenAsync();
        await using var watch = Watch((await ReadAsync()).Revision);
        await PutAsync(session, Put("a", ""));
        await PutAsync(session, Put("a", "2"));
        await session.DeleteAsync([Root + "a"], Token);

        var events = await watch.NextEventsAsync(3);

        Assert.All(events, change => Assert.Equal(Root + "a", change.Key));
        Assert.Equal(["", "2"], events.Take(2).Select(change => Text(change.Value)));
        Assert.Null(events[2].Value);
        Assert.True(events[0].Revision < events[1].Revision && events[1].Revision < events[2].Revision);
    }

    [Fact]
    public async Task Watch_PutsOfOneCall_ArriveTogether()
    {
        Assert.SkipUnless(Store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts), "This store writes entries one by one.");
        await using var session = await OpenAsync();
        await using var watch = Watch((await ReadAsync()).Revision);
        await PutAsync(session, Put("a"), Put("b"), Put("c"));

        var batch = await watch.NextAsync();

        Assert.Equal([Root + "a", Root + "b", Root + "c"], batch.Events.Select(change => change.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Watch_LargeValues_AreReported()
    {
        await using var session = await OpenAsync();
        var before = (await ReadAsync()).Revision;
        var value = new string('v', 200 * 1024);
        // More than 4 MiB of history, which is sent at once when the watch starts.
        for (var i = 0; i < 25; i++)
        {
            await PutAsync(session, Put($"{i:00}", value));
        }

        await using var watch = Watch(before);
        var events = await watch.NextEventsAsync(25);

        Assert.Equal(Enumerable.Range(0, 25).Select(i => $"{Root}{i:00}"), events.Select(change => change.Key));
        Assert.All(events, change => Assert.Equal(value.Length, change.Value!.Value.Length));
    }

    [Fact]
    public async Task Watch_Exact_IgnoresLongerKeys()
    {
        await using var session = await OpenAsync();
        await using var watch = Watch((await ReadAsync()).Revision, StoreRange.Exact(Root + "b"));
        await PutAsync(session, Put("bc"));
        await PutAsync(session, Put("bc"));
        await PutAsync(session, Put("b"));

        Assert.Equal(Root + "b", Assert.Single((await watch.NextAsync()).Events).Key);
    }

    [Fact]
    public async Task Watch_SeveralRanges_ReportsOnlyThese()
    {
        await using var session = await OpenAsync();
        await using var watch = Watch(
            (await ReadAsync()).Revision, StoreRange.Prefix(Root + "a/"), StoreRange.Exact(Root + "c"));
        await PutAsync(session, Put("a/1"));
        await PutAsync(session, Put("b"));
        await PutAsync(session, Put("c"));
        await PutAsync(session, Put("a/2"));

        var events = await watch.NextEventsAsync(3);

        Assert.Equal([Root + "a/1", Root + "a/2", Root + "c"], events.Select(change => change.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Watch_SeveralRangesResumedFromAnyBatch_MissesNothing()
    {
        await using var session = await OpenAsync();
        StoreRange[] ranges = [StoreRange.Prefix(Root + "a/"), StoreRange.Prefix(Root + "b/")];
        var after = (await ReadAsync()).Revision;
        for (var i = 0; i < 5; i++)
        {
            await PutAsync(session, Put($"{(i % 2 == 0 ? 'a' : 'b')}/{i}"));
        }

        var seen = new HashSet<string>();
        while (seen.Count < 5)
        {
            await using var watch = Watch(after, ranges);
            var batch = await watch.NextAsync();
            var unseen = batch.Events.Count(change => seen.Add(change.Key));
            // A batch of the faster range may be repeated; the slower one follows in the same watch.
            while (unseen == 0)
            {
                unseen = (batch = await watch.NextAsync()).Events.Count(change => seen.Add(change.Key));
            }

            after = batch.Revision;
        }

        Assert.Equal(5, seen.Count);
    }

    [Fact]
    public async Task Watch_ManyChanges_MissesAndRepeatsNothing()
    {
        const int Count = 300;
        await using var session = await OpenAsync();
        await using var watch = Watch((await ReadAsync()).Revision);
        var putting = Task.WhenAll(Enumerable.Range(0, Count).Select(i => PutAsync(session, Put($"{i}"))));

        var events = await watch.NextEventsAsync(Count);
        await putting;

        Assert.Equal(Count, events.Select(change => change.Key).Distinct().Count());
        Assert.Equal(events.Select(change => change.Revision).Order(), events.Select(change => change.Revision));
    }

    [Fact]
    public async Task Watch_ResumedFromABatch_ContinuesAfterIt()
    {
        await using var session = await OpenAsync();
        var before = (await ReadAsync()).Revision;
        await PutAsync(session, Put("a"));
        StoreRevision reached;
        await using (var first = Watch(before))
        {
            reached = (await first.NextAsync()).Revision;
        }

        await PutAsync(session, Put("b"));

        await using var second = Watch(reached);

        Assert.Equal(Root + "b", Assert.Single((await second.NextAsync()).Events).Key);
    }

    [Fact]
    public async Task Watch_OneOfSeveralCancelled_OthersContinue()
    {
        await using var session = await OpenAsync();
        var before = (await ReadAsync()).Revision;
        await using var first = Watch(before);
        await using var cancelled = Watch(before);
        await using var last = Watch(before);
        await PutAsync(session, Put("a"));
        foreach (var watch in new[] { first, cancelled, last })
        {
            Assert.Equal(Root + "a", Assert.Single((await watch.NextAsync()).Events).Key);
        }

        cancelled.Cancel();
        var cancellation = await cancelled.CancellationAsync();
        await PutAsync(session, Put("b"));

        Assert.Equal(cancelled.Token, cancellation.CancellationToken);
        Assert.Equal(Root + "b", Assert.Single((await first.NextAsync()).Events).Key);
        Assert.Equal(Root + "b", Assert.Single((await last.NextAsync()).Events).Key);
    }

    [Fact]
    public async Task Watch_OneNeverRead_OthersContinue()
    {
        await using var session = await OpenAsync();
        var before = (await ReadAsync()).Revision;
        await using var unread = Watch(before);
        await using var read = Watch(before);
        for (var i = 0; i < 50; i++)
        {
            await PutAsync(session, Put($"{i:00}"));
        }

        Assert.Equal(50, (await read.NextEventsAsync(50)).Count);
    }

    [Fact]
    public async Task Watch_SessionClosed_ReportsItsEntriesAsDeleted()
    {
        await using var session = await OpenAsync();
        var revision = await PutAsync(session, Put("a"), Put("b"));
        await using var watch = Watch(revision);

        await session.CloseAsync(Token);
        var events = await watch.NextEventsAsync(2);

        Assert.Equal([Root + "a", Root + "b"], events.Select(change => change.Key).Order(StringComparer.Ordinal));
        Assert.All(events, change => Assert.Null(change.Value));
    }

    [Fact]
    public async Task Watch_TokenCancelled_Throws()
    {
        await using var watch = Watch((await ReadAsync()).Revision);
        watch.Cancel();

        Assert.Equal(watch.Token, (await watch.CancellationAsync()).CancellationToken);
    }
}
