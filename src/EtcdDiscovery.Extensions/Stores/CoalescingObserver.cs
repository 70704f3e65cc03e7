using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Stores;

/// <summary>
/// Rests after each batch that it hands on, and makes one batch of those that come meanwhile: for observers to whom a batch
/// costs more than what is in it.
/// </summary>
/// <param name="observer">Who is told; one call at a time.</param>
/// <param name="restAfterBatch">How long to rest now; not at all when that is less than a timer can measure.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class CoalescingObserver(IStoreObserver observer, Func<TimeSpan> restAfterBatch, TimeProvider timeProvider)
    : IStoreObserver, IDisposable
{
    private static readonly TimeSpan ShortestRest = TimeSpan.FromMilliseconds(1);

    /// <summary>The size of what may wait for the end of a rest, in bytes; beyond it there is no rest.</summary>
    public const int MaxWaitingBytes = 64 * 1024 * 1024;

    // An event itself, its key's object, its place in the list.
    private const int EventSize = 100;

    private readonly Lock _telling = new();
    private readonly List<StoreEvent> _waiting = [];
    private StoreRevision _reached;
    private long _waitingSize;
    private ITimer? _rest;
    private bool _isResting;
    private Exception? _failure;

    public void OnRead(StoreContents contents)
    {
        lock (_telling)
        {
            HandOnWaiting();
            observer.OnRead(contents);
            _failure = null;
        }
    }

    /// <exception cref="HistoryLostException">An earlier batch could not be handed on.</exception>
    public void OnBatch(StoreBatch batch)
    {
        lock (_telling)
        {
            if (_failure is { } failure)
            {
                _failure = null;
                throw new HistoryLostException($"A change could not be taken: {LogSanitizer.SanitizeMessage(failure.Message)}");
            }

            if (_isResting)
            {
                _waiting.AddRange(batch.Events);
                _waitingSize += batch.Events.Sum(change => (long)EventSize + change.Key.Length + (change.Value?.Length ?? 0));
                _reached = batch.Revision;
                if (_waitingSize > MaxWaitingBytes)
                {
                    HandOnWaiting();
                }
            }
            else
            {
                HandOn(batch);
            }
        }
    }

    public void OnFailure(EtcdDiscoveryException error)
    {
        lock (_telling)
        {
            HandOnWaiting();
            observer.OnFailure(error);
        }
    }

    public void Dispose() => _rest?.Dispose();

    private void HandOnWaiting()
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
            HandOn(batch);
        }
        catch (Exception e)
        {
            // The call that brought the batch has returned, so the next call throws the failure. A read repairs it as well.
            _failure = e;
        }
    }

    private void HandOn(StoreBatch batch)
    {
        observer.OnBatch(batch);
        if (batch.Events.Count > 0 && restAfterBatch() is var time && time >= ShortestRest)
        {
            _isResting = true;
            _rest ??= timeProvider.CreateTimer(_ => WakeUp(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            _rest.Change(time, Timeout.InfiniteTimeSpan);
        }
    }

    private void WakeUp()
    {
        lock (_telling)
        {
            _isResting = false;
            HandOnWaiting();
        }
    }
}
