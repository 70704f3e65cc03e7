using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Stores;

/// <summary>Measures the operations of a store, and traces its reads.</summary>
internal sealed class MeasuredStore(IDiscoveryStore store, StoreMetrics metrics) : IDiscoveryStore
{
    public IReadOnlyList<string> Endpoints => store.Endpoints;

    public StoreCapabilities Capabilities => store.Capabilities;

    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        metrics.MeasureAsync<IDiscoverySession>(
            "open_session", async () => new Session(await store.OpenSessionAsync(timeToLive, cancellationToken).ConfigureAwait(false), metrics));

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        metrics.MeasureAsync("read", () => Telemetry.TraceAsync(
            "etcd_discovery.read",
            new() { { "etcd_discovery.key", ranges.Count > 0 ? ranges[0].Key : null } },
            () => store.ReadAsync(ranges, cancellationToken)));

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var start = metrics.OnWatchStarted();
        var batches = store.WatchAsync(ranges, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using var ending = batches.ConfigureAwait(false);
        while (await MoveNextAsync(batches, start).ConfigureAwait(false))
        {
            metrics.OnBatch(batches.Current);
            yield return batches.Current;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async ValueTask<bool> MoveNextAsync(IAsyncEnumerator<StoreBatch> batches, long start)
    {
        try
        {
            var hasBatch = await batches.MoveNextAsync().ConfigureAwait(false);
            if (!hasBatch)
            {
                metrics.OnWatchEnded(start, null);
            }

            return hasBatch;
        }
        catch (Exception error)
        {
            metrics.OnWatchEnded(start, error);
            throw;
        }
    }

    private sealed class Session(IDiscoverySession session, StoreMetrics metrics) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public Task RenewAsync(CancellationToken cancellationToken) => metrics.MeasureAsync("renew", () => session.RenewAsync(cancellationToken));

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken) =>
            metrics.MeasureAsync("put", () => session.TryPutAsync(puts, cancellationToken));

        public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
            metrics.MeasureAsync("delete", () => session.DeleteAsync(keys, cancellationToken));

        public Task CloseAsync(CancellationToken cancellationToken) =>
            metrics.MeasureAsync("close_session", () => session.CloseAsync(cancellationToken));

        public ValueTask DisposeAsync() => session.DisposeAsync();
    }
}
