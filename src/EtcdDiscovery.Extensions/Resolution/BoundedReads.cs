using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// A store of which only so many reads are under way at the same time: a crowd of questions must not time out itself, and with it
/// the connection that the lease is renewed on.
/// </summary>
/// <remarks>The store itself belongs to its maker, which disposes it.</remarks>
internal sealed class BoundedReads(IDiscoveryStore store, TimeProvider timeProvider) : IDiscoveryStore, IDisposable
{
    private const int MaxReads = 64;

    // About as long as one read may take: then callers are better told that etcd does not keep up.
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
                $"Etcd does not answer as fast as services are asked for: {MaxReads} reads are under way, and more wait.", isTransient: true);
        }
    }
}
