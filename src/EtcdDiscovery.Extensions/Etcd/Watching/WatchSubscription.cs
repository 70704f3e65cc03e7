using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>One enumeration of changes: its ranges, and the batches that its reader has not read yet.</summary>
internal sealed class WatchSubscription
{
    // Enough for bursts. A reader that falls further behind should read everything again.
    private const int MaxWaitingBatches = 1_024;

    /// <summary>The maximum size of waiting changes, in bytes of keys and values.</summary>
    public const long MaxWaitingBytes = 64 * 1024 * 1024;

    private readonly Channel<(StoreBatch Batch, long Size)> _batches = Channel.CreateBounded<(StoreBatch, long)>(
        // The reader continues on the thread that reads the stream, because switching threads would take longer than the reader's work.
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

    /// <summary>Why the subscription ended; null if it has not.</summary>
    public EtcdDiscoveryException? Failure { get; private set; }

    public async IAsyncEnumerable<StoreBatch> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var (batch, size) in _batches.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
        {
            Interlocked.Add(ref _waiting, -size);
            yield return batch;
        }
    }

    /// <summary>Ends the enumeration after the waiting batches.</summary>
    public void Fail(EtcdDiscoveryException failure)
    {
        Failure ??= failure;
        _batches.Writer.TryComplete(failure);
        _created.TrySetResult();
    }

    /// <summary>
    /// Notes that the watch on one of the ranges was created. When all of them have been, the reader gets an empty batch.
    /// </summary>
    /// <returns>Whether there was room for the batch.</returns>
    public bool TryConfirm(ulong clusterId)
    {
        if (--_notCreated > 0)
        {
            return true;
        }

        _created.TrySetResult();
        return TryWrite(clusterId, [], 0);
    }

    /// <summary>Reports that nothing has changed. Does nothing if the queue is full.</summary>
    public void Report(ulong clusterId)
    {
        if (Created.IsCompleted)
        {
            TryWrite(clusterId, [], 0);
        }
    }

    /// <summary>Queues the changes in one of the ranges up to a revision.</summary>
    /// <returns>Whether there was room for them.</returns>
    public bool TryAdvance(int range, StoreRevision revision, IReadOnlyList<StoreEvent> events, long size)
    {
        _reached[range] = revision.Number;
        return TryWrite(revision.ClusterId, events, size);
    }

    // Ranges advance independently, so the reader may resume only from the revision that all of them have reached. It may see changes of a
    // faster range again, but never misses changes of a slower one.
    private bool TryWrite(ulong clusterId, IReadOnlyList<StoreEvent> events, long size) =>
        Interlocked.Add(ref _waiting, size) <= MaxWaitingBytes
        && _batches.Writer.TryWrite((new StoreBatch(new StoreRevision(_reached.Min(), clusterId), events), size));
}
