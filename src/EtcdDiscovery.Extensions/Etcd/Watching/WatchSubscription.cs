using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>One enumeration: what it watches, and what has arrived for it and waits to be read.</summary>
internal sealed class WatchSubscription
{
    // Enough for any burst; a reader that falls behind further is better off reading everything again.
    private const int MaxWaitingBatches = 1_024;

    /// <summary>The size of what may wait to be read, in bytes of keys and values.</summary>
    public const long MaxWaitingBytes = 64 * 1024 * 1024;

    private readonly Channel<(StoreBatch Batch, long Size)> _batches = Channel.CreateBounded<(StoreBatch, long)>(
        // The reader goes on where the stream is read: handing over to another thread takes longer than what it does.
        new BoundedChannelOptions(MaxWaitingBatches) { SingleReader = true, AllowSynchronousContinuations = true });

    private readonly TaskCompletionSource _created = Promise.New();
    private readonly long[] _reached;
    private long _waiting;
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

    public async IAsyncEnumerable<StoreBatch> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (batch, size) in _batches.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            Interlocked.Add(ref _waiting, -size);
            yield return batch;
        }
    }

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
        return TryWrite(clusterId, [], 0);
    }

    /// <summary>Reports that nothing is known to have changed; not to a reader who has enough to read.</summary>
    public void Report(ulong clusterId)
    {
        if (Created.IsCompleted)
        {
            TryWrite(clusterId, [], 0);
        }
    }

    /// <summary>Hands over the changes in one of the ranges up to a revision.</summary>
    /// <returns>Whether there was room for them.</returns>
    public bool TryAdvance(int range, StoreRevision revision, IReadOnlyList<StoreEvent> events, long size)
    {
        _reached[range] = revision.Number;
        return TryWrite(revision.ClusterId, events, size);
    }

    // Ranges advance independently, so the reader may resume only from what all of them have reached: it may then see
    // some changes of a faster range again, but never misses one of a slower range.
    private bool TryWrite(ulong clusterId, IReadOnlyList<StoreEvent> events, long size) =>
        Interlocked.Add(ref _waiting, size) <= MaxWaitingBytes
        && _batches.Writer.TryWrite((new StoreBatch(new StoreRevision(_reached.Min(), clusterId), events), size));
}
