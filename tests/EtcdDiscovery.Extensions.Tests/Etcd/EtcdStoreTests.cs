using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>The v3 store beyond the conformance suite, on a healthy server.</summary>
public sealed class EtcdStoreTests(SharedEtcd etcd)
{
    private readonly string _root = $"/etcd-store/{Guid.NewGuid():N}/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Read_TenThousandEntries_ReturnsAllInOrder(EtcdVersion version)
    {
        const int Count = 10_000;
        await using var store = await CreateAsync(version);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        foreach (var chunk in Enumerable.Range(0, Count).Chunk(100))
        {
            await session.TryPutAsync([.. chunk.Select(i => new StorePut($"{_root}{i:00000}", "value"u8.ToArray()))], Token);
        }

        var contents = await store.ReadAsync([StoreRange.Prefix(_root), StoreRange.Exact(_root + "00042")], Token);

        Assert.Equal(Enumerable.Range(0, Count).Select(i => $"{_root}{i:00000}"), contents.Entries.Select(entry => entry.Key));
        await session.CloseAsync(Token);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Read_ResponseAboveFourMebibytes_Succeeds(EtcdVersion version)
    {
        await using var store = await CreateAsync(version);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var value = new byte[200 * 1024];
        for (var i = 0; i < 30; i++)
        {
            await session.TryPutAsync([new StorePut($"{_root}{i}", value)], Token);
        }

        var contents = await store.ReadAsync([StoreRange.Prefix(_root)], Token);

        Assert.Equal(30, contents.Entries.Count(entry => entry.Value.Length == value.Length));
        await session.CloseAsync(Token);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_HistoryInPortions_ReportsOnlyRevisionsReached(EtcdVersion version)
    {
        // etcd sends at most 1,000 revisions at a time, and the latest revision with each portion.
        const int Count = 2_500;
        await using var store = await CreateAsync(version);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var before = (await store.ReadAsync([StoreRange.Prefix(_root)], Token)).Revision;
        for (var i = 0; i < Count; i++)
        {
            await session.TryPutAsync([new StorePut($"{_root}{i}", default)], Token);
        }

        await using var watch = new StoreWatch(store, before, StoreRange.Prefix(_root));
        var seen = 0;
        while (seen < Count)
        {
            var batch = await watch.NextAsync();
            seen += batch.Events.Count;
            Assert.Equal(batch.Events[^1].Revision, batch.Revision.Number);
        }

        await session.CloseAsync(Token);
    }

    [Fact]
    public async Task Watch_ReaderTooSlow_LosesTheHistory()
    {
        await using var store = await CreateAsync(EtcdVersion.First);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var before = (await store.ReadAsync([StoreRange.Prefix(_root)], Token)).Revision;
        await using var watch = new StoreWatch(store, before, StoreRange.Prefix(_root));
        await using var witness = new StoreWatch(store, before, StoreRange.Prefix(_root));
        for (var i = 0; i < 1_500; i++)
        {
            await session.TryPutAsync([new StorePut($"{_root}a", default)], Token);
            await witness.NextAsync();
        }

        var error = await watch.FailureAsync<HistoryLostException>();

        Assert.Contains("too slow", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_Confirmed_ReturnsAnEmptyBatch()
    {
        await using var store = await CreateAsync(EtcdVersion.First);
        var after = (await store.ReadAsync([StoreRange.Prefix(_root)], Token)).Revision;

        await foreach (var batch in store.WatchAsync([StoreRange.Prefix(_root), StoreRange.Exact("/x")], after, Token))
        {
            Assert.Equal(after, batch.Revision);
            Assert.Empty(batch.Events);
            break;
        }
    }

    [Fact]
    public async Task Dispose_WhileWatching_FailsTheWatch()
    {
        var store = await CreateAsync(EtcdVersion.First);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix(_root));

        await store.DisposeAsync();

        Assert.Contains("disposed", (await watch.FailureAsync<EtcdDiscoveryException>()).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => store.ReadAsync([StoreRange.Exact("/x")], Token));
    }

    private async Task<IDiscoveryStore> CreateAsync(EtcdVersion version) => EtcdStores.Create((await etcd.GetAsync(version)).Endpoint);
}
