using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Stores;

/// <summary>
/// Adds a prefix to all keys before it passes them to another store, and removes the prefix from keys that the other store returns.
/// </summary>
/// <remarks>Keys outside the prefix are neither read nor written. Does not dispose the underlying store.</remarks>
internal sealed class PrefixedStore(IDiscoveryStore store, string prefix) : IDiscoveryStore
{
    public IReadOnlyList<string> Endpoints => store.Endpoints;

    public StoreCapabilities Capabilities => store.Capabilities;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        new Session(await store.OpenSessionAsync(timeToLive, cancellationToken).ConfigureAwait(false), prefix);

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync(AddPrefix(ranges), cancellationToken).ConfigureAwait(false);
        return new(contents.Revision, [.. contents.Entries.Select(entry => new StoreEntry(RemovePrefix(entry.Key), entry.Value, entry.Revision))]);
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in store.WatchAsync(AddPrefix(ranges), after, cancellationToken).ConfigureAwait(false))
        {
            yield return new(batch.Revision, [.. batch.Events.Select(RemovePrefix)]);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private StoreRange[] AddPrefix(IReadOnlyList<StoreRange> ranges) =>
        [.. ranges.Select(range => range.IsPrefix ? StoreRange.Prefix(prefix + range.Key) : StoreRange.Exact(prefix + range.Key))];

    private StoreEvent RemovePrefix(StoreEvent change) => new(RemovePrefix(change.Key), change.Value, change.Revision) { IsExpiry = change.IsExpiry };

    private string RemovePrefix(string key) => key[prefix.Length..];

    private sealed class Session(IDiscoverySession session, string prefix) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public Task RenewAsync(CancellationToken cancellationToken) => session.RenewAsync(cancellationToken);

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken) =>
            session.TryPutAsync([.. puts.Select(AddPrefix)], cancellationToken);

        public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
            session.DeleteAsync([.. keys.Select(key => prefix + key)], cancellationToken);

        public Task CloseAsync(CancellationToken cancellationToken) => session.CloseAsync(cancellationToken);

        public ValueTask DisposeAsync() => session.DisposeAsync();

        private StorePut AddPrefix(StorePut put) =>
            new(prefix + put.Key, put.Value) { IsDurable = put.IsDurable, ExpectedRevision = put.ExpectedRevision };
    }
}
