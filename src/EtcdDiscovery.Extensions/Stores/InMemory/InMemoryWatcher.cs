using System.Threading.Channels;

namespace EtcdDiscovery.Stores.InMemory;

/// <summary>One watch. Queues the batches with changes in its ranges, up to a limit.</summary>
internal sealed class InMemoryWatcher(IReadOnlyList<StoreRange> ranges)
{
    /// <summary>The number of batches that may wait for a reader, which is also the number that the store keeps as history.</summary>
    public const int Capacity = 1024;

    private readonly Channel<StoreBatch> _batches = Channel.CreateBounded<StoreBatch>(Capacity + 1);

    public IAsyncEnumerable<StoreBatch> ReadAllAsync(CancellationToken cancellationToken) =>
        _batches.Reader.ReadAllAsync(cancellationToken);

    public void Offer(StoreBatch batch)
    {
        var mine = batch.Events.Where(change => ranges.Any(range => range.Contains(change.Key))).ToList();
        if ((mine.Count > 0 || batch.Events.Count == 0) && !_batches.Writer.TryWrite(new(batch.Revision, mine)))
        {
            _batches.Writer.TryComplete(new HistoryLostException("The watch was read too slowly."));
        }
    }

    public void End() =>
        _batches.Writer.TryComplete(new EtcdDiscoveryException("The store was closed.", isTransient: true));
}
