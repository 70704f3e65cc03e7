using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Stores;

/// <summary>A part of a store that looks like a whole one: every key has a prefix there, and none here.</summary>
/// <remarks>Nothing outside the prefix is read or written. The store itself is disposed by its owner.</remarks>
internal sealed class PrefixedStore(IDiscoveryStore store, string prefix) : IDiscoveryStore
{
    public IReadOnlyList<string> Endpoints => store.Endpoints;

    public StoreCapabilities Capabilities => store.Capabilities;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        new Session(await store.OpenSessionAsync(timeToLive, cancellationToken).ConfigureAwait(false), prefix);

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync(Outside(ranges), cancellationToken).ConfigureAwait(false);
        return new(contents.Revision, [.. contents.Entries.Select(entry => new StoreEntry(Inside(entry.Key), entry.Value, entry.Revision))]);
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var batch in store.WatchAsync(Outside(ranges), after, cancellationToken).ConfigureAwait(false))
        {
            yield return new(batch.Revision, [.. batch.Events.Select(Inside)]);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private StoreRange[] Outside(IReadOnlyList<StoreRange> ranges) =>
        [.. ranges.Select(range => range.IsPrefix ? StoreRange.Prefix(prefix + range.Key) : StoreRange.Exact(prefix + range.Key))];

    private StoreEvent Inside(StoreEvent change) => new(Inside(change.Key), change.Value, change.Revision) { IsExpiry = change.IsExpiry };

    private string Inside(string key) => key[prefix.Length..];

    private sealed class Session(IDiscoverySession session, string prefix) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public Task RenewAsync(CancellationToken cancellationToken) => session.RenewAsync(cancellationToken);

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken) =>
            session.TryPutAsync([.. puts.Select(Outside)], cancellationToken);

        public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
            session.DeleteAsync([.. keys.Select(key => prefix + key)], cancellationToken);

        public Task CloseAsync(CancellationToken cancellationToken) => session.CloseAsync(cancellationToken);

        public ValueTask DisposeAsync() => session.DisposeAsync();

        private StorePut Outside(StorePut put) =>
            new(prefix + put.Key, put.Value) { IsDurable = put.IsDurable, ExpectedRevision = put.ExpectedRevision };
    }
}
