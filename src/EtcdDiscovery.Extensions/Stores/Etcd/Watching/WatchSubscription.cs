using System.Threading.Channels;

namespace EtcdDiscovery.Stores.Etcd.Watching;

/// <summary>One enumeration: what it watches, and what has arrived for it and waits to be read.</summary>
internal sealed class WatchSubscription
{
    // Enough for any burst; a reader that falls behind further is better off reading everything again.
    private const int MaxWaitingBatches = 1_024;

    private readonly Channel<StoreBatch> _batches = Channel.CreateBounded<StoreBatch>(
        // The reader goes on where the stream is read: handing over to another thread takes longer than what it does.
        new BoundedChannelOptions(MaxWaitingBatches) { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly TaskCompletionSource _created = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long[] _reached;
    private int _notCreated;

    public WatchSubscription(IReadOnlyList<StoreRange> ranges, StoreRevision after)
    {
        Ranges = ranges;
        After = after;
        _notCreated = ranges.Count;
        _reached = new long[ranges.Count];
        Array.Fill(_reached, after.Number);
    }

    public IReadOnlyList<StoreRange> Ranges { get; }

    public StoreRevision After { get; }

    /// <summary>Completes when etcd has confirmed the watch on every range, or when the subscription has failed.</summary>
    public Task Created => _created.Task;

    /// <summary>Why it ended; null while it has not.</summary>
    public EtcdDiscoveryException? Failure { get; private set; }

    public IAsyncEnumerable<StoreBatch> ReadAllAsync(CancellationToken cancellationToken) =>
        _batches.Reader.ReadAllAsync(cancellationToken);

    /// <summary>Ends the enumeration once it has read what has arrived.</summary>
    public void Fail(EtcdDiscoveryException failure)
    {
        Failure ??= failure;
        _batches.Writer.TryComplete(failure);
        _created.TrySetResult();
    }

    /// <summary>The watch on one of the ranges is in place. After the last one the reader is told: it is caught up.</summary>
    /// <returns>Whether there was room to tell.</returns>
    public bool TryConfirm(ulong clusterId)
    {
        if (--_notCreated > 0)
        {
            return true;
        }

        _created.TrySetResult();
        return TryWrite(clusterId, []);
    }

    /// <summary>Reports that nothing is known to have changed; not to a reader who has enough to read.</summary>
    public void Report(ulong clusterId)
    {
        if (Created.IsCompleted)
        {
            TryWrite(clusterId, []);
        }
    }

    /// <summary>Hands over the changes in one of the ranges up to a revision.</summary>
    /// <returns>Whether there was room for them.</returns>
    public bool TryAdvance(int range, StoreRevision revision, IReadOnlyList<StoreEvent> events)
    {
        _reached[range] = revision.Number;
        return TryWrite(revision.ClusterId, events);
    }

    // Ranges advance independently, so the reader may resume only from what all of them have reached: it may then see
    // some changes of a faster range again, but never misses one of a slower range.
    private bool TryWrite(ulong clusterId, IReadOnlyList<StoreEvent> events) =>
        _batches.Writer.TryWrite(new StoreBatch(new StoreRevision(_reached.Min(), clusterId), events));
}
