using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Stores;

/// <summary>
/// Pauses after each batch, and merges the batches that arrive during the pause. Useful for observers whose cost per batch exceeds the cost
/// per change.
/// </summary>
/// <param name="observer">The observer to notify; one call at a time.</param>
/// <param name="pauseAfterBatch">Returns how long to pause. Pauses shorter than the resolution of timers are skipped.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class CoalescingObserver(IStoreObserver observer, Func<TimeSpan> pauseAfterBatch, TimeProvider timeProvider)
    : IStoreObserver, IDisposable
{
    private static readonly TimeSpan MinPause = TimeSpan.FromMilliseconds(1);

    /// <summary>
    /// The maximum size, in bytes, of the changes that wait for the end of a pause. When they exceed it, the pause ends early.
    /// </summary>
    public const int MaxWaitingBytes = 64 * 1024 * 1024;

    // The overhead of an event: its object, its key's object and its list entry.
    private const int EventSize = 100;

    private readonly Lock _sync = new();
    private readonly List<StoreEvent> _waiting = [];
    private StoreRevision _reached;
    private long _waitingSize;
    private ITimer? _pauseTimer;
    private bool _isPaused;
    private Exception? _failure;

    public void OnRead(StoreContents contents)
    {
        lock (_sync)
        {
            FlushWaiting();
            observer.OnRead(contents);
            _failure = null;
        }
    }

    /// <exception cref="HistoryLostException">The observer failed to process an earlier batch.</exception>
    public void OnBatch(StoreBatch batch)
    {
        lock (_sync)
        {
            if (_failure is { } failure)
            {
                _failure = null;
                throw new HistoryLostException($"A change could not be processed: {LogSanitizer.SanitizeMessage(failure.Message)}");
            }

            if (_isPaused)
            {
                _waiting.AddRange(batch.Events);
                _waitingSize += batch.Events.Sum(change => (long)EventSize + change.Key.Length + (change.Value?.Length ?? 0));
                _reached = batch.Revision;
                if (_waitingSize > MaxWaitingBytes)
                {
                    FlushWaiting();
                }
            }
            else
            {
                Deliver(batch);
            }
        }
    }

    public void OnFailure(EtcdDiscoveryException error)
    {
        lock (_sync)
        {
            FlushWaiting();
            observer.OnFailure(error);
        }
    }

    public void Dispose() => _pauseTimer?.Dispose();

    private void FlushWaiting()
    {
        if (_waiting.Count == 0)
        {
            return;
        }

        var batch = new StoreBatch(_reached, [.. _waiting]);
        _waiting.Clear();
        _waitingSize = 0;
        try
        {
            Deliver(batch);
        }
        catch (Exception e)
        {
            // The call that delivered the batch has returned, so the next call throws the failure. If a read comes first, it repairs the
            // state.
            _failure = e;
        }
    }

    private void Deliver(StoreBatch batch)
    {
        observer.OnBatch(batch);
        if (batch.Events.Count > 0 && pauseAfterBatch() is var time && time >= MinPause)
        {
            _isPaused = true;
            _pauseTimer ??= timeProvider.CreateTimer(_ => EndPause(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _pauseTimer.Change(time, Timeout.InfiniteTimeSpan);
        }
    }

    private void EndPause()
    {
        lock (_sync)
        {
            _isPaused = false;
            FlushWaiting();
        }
    }
}
