using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// Limits the number of concurrent reads of a store, so that a burst of queries does not time out itself, and with it the connection that
/// renews the lease.
/// </summary>
/// <remarks>Does not dispose the underlying store.</remarks>
internal sealed class BoundedReads(IDiscoveryStore store, TimeProvider timeProvider) : IDiscoveryStore, IDisposable
{
    private const int MaxReads = 64;

    // About as long as one read may take. After that, callers get an error that says that etcd does not keep up.
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
                $"Etcd does not keep up with the queries: {MaxReads} reads are in progress, and more are waiting.", isTransient: true);
        }
    }
}
