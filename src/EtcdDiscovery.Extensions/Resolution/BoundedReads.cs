using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// Limits the number of concurrent reads of a store. Otherwise, the reads of a burst of queries could time out, and so could the lease
/// renewals on the same connection.
/// </summary>
/// <remarks>Does not dispose the underlying store.</remarks>
internal sealed class BoundedReads(IDiscoveryStore store, TimeProvider timeProvider) : IDiscoveryStore, IDisposable
{
    private const int MaxReads = 64;

    // About as long as one read may take. After that, callers get an error that says that etcd cannot keep up.
    private static readonly TimeSpan MaxWait = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _reads = new(MaxReads);

    public IReadOnlyList<string> Endpoints => store.Endpoints;

    public StoreCapabilities Capabilities => store.Capabilities;

    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken) =>
        store.OpenSessionAsync(timeToLive, cancellationToken);

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        await WaitForTurnAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await store.ReadAsync(ranges, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _reads.Release();
        }
    }

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        store.WatchAsync(ranges, after, cancellationToken);

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    public void Dispose() => _reads.Dispose();

    private async Task WaitForTurnAsync(CancellationToken cancellationToken)
    {
        using var timeout = new LinkedTimeout(MaxWait, timeProvider, cancellationToken);
        try
        {
            await _reads.WaitAsync(timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            throw new EtcdDiscoveryException(
                $"Etcd cannot keep up with the queries: {MaxReads} reads are in progress, and more are waiting.", isTransient: true);
        }
    }
}
