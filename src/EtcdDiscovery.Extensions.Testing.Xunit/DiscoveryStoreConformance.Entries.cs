using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing;

// Writing, reading and deleting entries.
public abstract partial class DiscoveryStoreConformance
{
    [Fact]
    public async Task Read_NoEntries_IsEmpty()
    {
        var contents = await ReadAsync();

        Assert.Empty(contents.Entries);
        Assert.True(contents.Revision.Number >= 0);
    }

    [Fact]
    public async Task Read_AfterPut_ReturnsTheEntryAtItsRevision()
    {
        await using var session = await OpenAsync();
        var revision = await PutAsync(session, Put("a", "value"));

        var contents = await ReadAsync();

        var entry = Assert.Single(contents.Entries);
        Assert.Equal(Root + "a", entry.Key);
        Assert.Equal("value", Text(entry.Value));
        Assert.Equal(revision.Number, entry.Revision);
        Assert.True(contents.Revision.Number >= revision.Number);
        Assert.Equal(revision.ClusterId, contents.Revision.ClusterId);
    }

    [Fact]
    public async Task Put_Again_ReplacesTheValueAndRaisesTheRevision()
    {
        await using var session = await OpenAsync();
        var first = await PutAsync(session, Put("a", "1"));
        var second = await PutAsync(session, Put("a", "2"));

        var entry = Assert.Single((await ReadAsync()).Entries);
        Assert.True(second.Number > first.Number);
        Assert.Equal(second.Number, entry.Revision);
        Assert.Equal("2", Text(entry.Value));
    }

    [Fact]
    public async Task Put_ExpectingAbsence_SucceedsOnce()
    {
        await using var session = await OpenAsync();
        var put = Put("a", expectedRevision: 0);

        Assert.NotNull(await session.TryPutAsync([put], Token));
        Assert.Null(await session.TryPutAsync([put], Token));
    }

    [Fact]
    public async Task Put_ExpectingARevision_SucceedsIfTheKeyHasIt()
    {
        await using var session = await OpenAsync();
        var first = await PutAsync(session, Put("a", "1"));

        Assert.NotNull(await session.TryPutAsync([Put("a", "2", expectedRevision: first.Number)], Token));
        Assert.Null(await session.TryPutAsync([Put("a", "3", expectedRevision: first.Number)], Token));
        Assert.Null(await session.TryPutAsync([Put("absent", expectedRevision: first.Number)], Token));

        Assert.Equal("2", Text(Assert.Single((await ReadAsync()).Entries).Value));
    }

    [Fact]
    public async Task Put_OneConditionFails_WritesNothing()
    {
        Assert.SkipUnless(Store.Capabilities.HasFlag(StoreCapabilities.AtomicPuts), "This store writes entries one by one.");
        await using var session = await OpenAsync();
        await PutAsync(session, Put("there", "1"));

        var result = await session.TryPutAsync(
            [Put("new"), Put("there", "2", expectedRevision: 0), Put("newer")], Token);

        Assert.Null(result);
        Assert.Equal("1", Text(Assert.Single((await ReadAsync()).Entries).Value));
    }

    [Fact]
    public async Task Put_EmptyAndLargeValues_AreReadBack()
    {
        await using var session = await OpenAsync();
        var large = new byte[200 * 1024];
        new Random(1).NextBytes(large);
        await PutAsync(session, Put("empty", ""), new StorePut(Root + "large", Encoding.ASCII.GetBytes(Convert.ToHexString(large))));

        var contents = await ReadAsync();

        Assert.Equal(0, contents.Entries[0].Value.Length);
        Assert.Equal(Convert.ToHexString(large), Text(contents.Entries[1].Value));
    }

    [Theory]
    [InlineData("with space")]
    [InlineData("é～😀")]
    [InlineData("<>&\"'")]
    [InlineData("a%2Fb")]
    [InlineData("a+b=c;d?e#f")]
    [InlineData("~.-_")]
    [InlineData("deep/er/still")]
    public async Task Put_UnusualKey_IsReadWatchedAndDeleted(string name)
    {
        await using var session = await OpenAsync();
        var before = (await ReadAsync()).Revision;
        await using var watch = Watch(before, StoreRange.Exact(Root + name));
        await PutAsync(session, Put(name, name));

        Assert.Equal([name], await ReadNamesAsync(StoreRange.Exact(Root + name)));
        Assert.Equal(Root + name, Assert.Single((await watch.NextAsync()).Events).Key);

        await session.DeleteAsync([Root + name], Token);
        Assert.Empty(await ReadNamesAsync());
    }

    [Fact]
    public async Task Read_Exact_IgnoresLongerKeys()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("b"), Put("bc"), Put("b.c"));

        Assert.Equal(["b"], await ReadNamesAsync(StoreRange.Exact(Root + "b")));
    }

    [Fact]
    public async Task Read_Prefix_ReturnsItsKeysOnly()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("a/1"), Put("b/1"), Put("b/2"), Put("bc/1"), Put("c/1"));

        Assert.Equal(["b/1", "b/2"], await ReadNamesAsync(StoreRange.Prefix(Root + "b/")));
    }

    [Fact]
    public async Task Read_Entries_AreInOrdinalUtf8Order()
    {
        await using var session = await OpenAsync();
        // In UTF-16 order the emoji precedes the full-width tilde; in cultural order "a" precedes "B".
        string[] ordered = ["B", "a", "a!", "é", "～", "😀"];
        await PutAsync(session, [.. ordered.Reverse().Select(name => Put(name))]);

        Assert.Equal(ordered, await ReadNamesAsync());
    }

    [Fact]
    public async Task Read_SeveralRanges_ReturnsEachKeyOnceInOrder()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("a/1"), Put("a/2"), Put("b"), Put("c/1"));

        var names = await ReadNamesAsync(
            StoreRange.Prefix(Root + "c/"), StoreRange.Exact(Root + "b"), StoreRange.Prefix(Root + "a/"), StoreRange.Exact(Root + "a/2"));

        Assert.Equal(["a/1", "a/2", "b", "c/1"], names);
    }

    [Fact]
    public async Task Delete_SomeKeys_KeepsTheOthers()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("a"), Put("ab"), Put("b"));

        await session.DeleteAsync([Root + "a", Root + "b", Root + "absent"], Token);

        Assert.Equal(["ab"], await ReadNamesAsync());
    }

    [Fact]
    public async Task Put_ExpectingAbsenceAfterDelete_Succeeds()
    {
        await using var session = await OpenAsync();
        await PutAsync(session, Put("a"));
        await session.DeleteAsync([Root + "a"], Token);

        Assert.NotNull(await session.TryPutAsync([Put("a", expectedRevision: 0)], Token));
    }

    [Fact]
    public async Task Calls_TokenCancelled_ThrowWithThatToken()
    {
        await using var session = await OpenAsync();
        var cancelled = new CancellationToken(canceled: true);

        await AssertCancelledAsync(() => Store.ReadAsync([All], cancelled));
        await AssertCancelledAsync(() => Store.OpenSessionAsync(Long, cancelled));
        await AssertCancelledAsync(() => session.TryPutAsync([Put("a")], cancelled));
        await AssertCancelledAsync(() => session.DeleteAsync([Root + "a"], cancelled));
        await AssertCancelledAsync(() => session.RenewAsync(cancelled));

        async Task AssertCancelledAsync(Func<Task> call) =>
            Assert.Equal(cancelled, (await Assert.ThrowsAnyAsync<OperationCanceledException>(call)).CancellationToken);
    }
}
