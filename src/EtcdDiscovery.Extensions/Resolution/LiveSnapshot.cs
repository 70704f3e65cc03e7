using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Resolution.Persistence;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>The latest snapshot of a service: what follows the store writes it, anybody reads it.</summary>
internal sealed partial class LiveSnapshot : IStoreObserver, IDisposable
{
    private readonly string _service;
    private readonly EntryReader _reader;
    private readonly BalancerState _picking;
    private readonly TimeSpan _outageGrace;
    private readonly SelfPreservation _losses;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly Func<SavedSnapshot?> _load;
    private readonly ITimer _graceTimer;

    // Guards what snapshots are made from and the queues. Questions never take it.
    private readonly Lock _publishing = new();
    private readonly List<ChangeQueue> _queues = [];
    private readonly Freshness _freshness;
    private readonly ServiceView _unread = ServiceView.Nothing.With(null, [], [], default);
    private volatile ServiceView? _current;
    private TaskCompletionSource<ServiceView> _firstRead = NewFirstRead();
    private EtcdDiscoveryException? _refusal;
    private volatile Outage? _outage;
    private bool _hasLostHistory;

    public LiveSnapshot(
        string service,
        EntryReader reader,
        BalancerState picking,
        TimeSpan outageGrace,
        Func<SavedSnapshot?> load,
        TimeProvider timeProvider,
        ILogger<LiveSnapshot> logger)
    {
        _service = service;
        _reader = reader;
        _picking = picking;
        _outageGrace = outageGrace;
        _losses = new SelfPreservation(outageGrace, timeProvider);
        _load = load;
        _timeProvider = timeProvider;
        _logger = logger;
        _freshness = new Freshness(timeProvider);
        _graceTimer = timeProvider.CreateTimer(
            _ => GiveUpSuspects(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>The snapshot; null until the store was read or a saved one was found.</summary>
    public ServiceView? Current => _current;

    public Freshness Freshness => _freshness;

    /// <summary>Why the store is out of reach; null while it is not.</summary>
    public string? OutageReason => _outage?.Reason;

    /// <summary>Completes when there is a newer snapshot than <see cref="Current"/>, or a first one.</summary>
    public Task Superseded => (_current ?? _unread).Superseded;

    /// <summary>Whether somebody follows the changes.</summary>
    public bool IsFollowed
    {
        get
        {
            lock (_publishing)
            {
                return _queues.Count > 0;
            }
        }
    }

    /// <summary>The first snapshot, as soon as there is one.</summary>
    /// <exception cref="EtcdDiscoveryException">The try that was under way failed; others follow.</exception>
    public Task<ServiceView> GetFirstAsync(CancellationToken cancellationToken)
    {
        lock (_publishing)
        {
            // After a refusal the next try may be half a minute away, and would only say the same.
            return _current is { } current ? Task.FromResult(current)
                : _refusal is { } refusal ? Task.FromException<ServiceView>(Unresolved(refusal))
                : _firstRead.Task.WaitAsync(cancellationToken);
        }
    }

    /// <summary>Begins to collect the changes for one reader, who starts with a gap.</summary>
    public ChangeQueue Follow()
    {
        var queue = new ChangeQueue();
        lock (_publishing)
        {
            _queues.Add(queue);
            if (_current is null && _refusal is not null)
            {
                queue.Fail(Unresolved(_refusal));
            }
            else if (_current is not null)
            {
                queue.Add([]);
            }
        }

        return queue;
    }

    public void Unfollow(ChangeQueue queue)
    {
        lock (_publishing)
        {
            _queues.Remove(queue);
        }
    }

    /// <summary>Waits for changes.</summary>
    /// <returns>The changes; null, and the snapshot, when there is a gap before it.</returns>
    public async ValueTask<(IReadOnlyList<InstanceChange>? Changes, ServiceView Snapshot)> NextAsync(
        ChangeQueue queue, CancellationToken cancellationToken)
    {
        await queue.WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_publishing)
        {
            return queue.Failure is { } failure ? throw failure : (queue.Take(), _current!);
        }
    }

    /// <summary>Tells all who wait or follow that nothing comes any more.</summary>
    public void Stop()
    {
        lock (_publishing)
        {
            FailWaiters(new EtcdDiscoveryException("Service discovery has stopped."));
            _queues.ForEach(queue => queue.Fail(new ObjectDisposedException(nameof(IServiceResolver))));
            (_current ?? _unread).Supersede();
        }
    }

    public void Dispose() => _graceTimer.Dispose();

    void IStoreObserver.OnRead(StoreContents contents)
    {
        lock (_publishing)
        {
            var isSaved = _freshness.Source == SnapshotSource.Disk;
            var before = _current ?? ServiceView.Nothing;
            var wasBlind = _hasLostHistory || _outage is not null;
            var doubt = _outageGrace > TimeSpan.Zero && !isSaved && (wasBlind || before.Suspects.Count > 0);
            _hasLostHistory = false;
            Publish(_reader.Read(before, contents, doubt));
            BeginGrace(before);
        }
    }

    void IStoreObserver.OnBatch(StoreBatch batch)
    {
        lock (_publishing)
        {
            var before = _current!;
            Publish(_reader.Apply(before, batch, _losses));
            BeginGrace(before);
        }
    }

    void IStoreObserver.OnFailure(EtcdDiscoveryException error)
    {
        lock (_publishing)
        {
            if (error is HistoryLostException)
            {
                _hasLostHistory = true;
                Log.HistoryLost(_logger, _service, error.Message);
                return;
            }

            NoteOutage(error);
            if (_current is null)
            {
                GoWithout(error);
            }
        }
    }

    private static TaskCompletionSource<ServiceView> NewFirstRead() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private EtcdDiscoveryException Unresolved(EtcdDiscoveryException error) =>
        new($"Service '{_service}' cannot be resolved yet: {error.Message}", error.IsTransient, error);

    private void Publish(ViewUpdate? update)
    {
        _freshness.Confirm();
        _refusal = null;
        if (_outage is { } outage)
        {
            Log.InReachAgain(_logger, _service, _timeProvider.GetElapsedTime(outage.Start));
            _outage = null;
        }

        if (update is not null)
        {
            Replace(update);
        }
    }

    private void Replace(ViewUpdate update)
    {
        var before = _current;
        _current = update.Snapshot;
        _picking.Publish(update.Snapshot);
        (before ?? _unread).Supersede();
        _firstRead.TrySetResult(update.Snapshot);
        if (before is null || update.Changes.Count > 0)
        {
            _queues.ForEach(queue => queue.Add(update.Changes));
        }
    }

    private void BeginGrace(ServiceView before)
    {
        if (before.Suspects.Count == 0 && _current!.Suspects.Count > 0)
        {
            Log.Doubtful(_logger, _service, _current.Suspects.Count, _outageGrace);
            _graceTimer.Change(_outageGrace, Timeout.InfiniteTimeSpan);
        }
    }

    private void GiveUpSuspects()
    {
        lock (_publishing)
        {
            var current = _current!;
            var gone = current.Suspects.Select(id => new InstanceChange(current.Find(id), null)).ToList();
            Replace(new(current.With(current.Description, gone, [], current.Revision), gone));
        }
    }

    private void NoteOutage(EtcdDiscoveryException error)
    {
        if (_outage is not null)
        {
            Log.StillOutOfReach(_logger, _service, error.Message);
            return;
        }

        _outage = new Outage(_timeProvider.GetTimestamp(), error.Message);
        _freshness.Lose();
        if (_current is null)
        {
            Log.Unread(_logger, _service, error.Message);
        }
        else
        {
            Log.OutOfReach(_logger, _service, error.Message);
        }
    }

    // The store could not be read even once: what another process saved is better than nothing.
    private void GoWithout(EtcdDiscoveryException error)
    {
        if (_load() is { } saved)
        {
            Log.Restored(_logger, _service, saved.Snapshot.Instances.Length, saved.AsOf);
            _freshness.Restore(saved.AsOf);
            Replace(new(saved.Snapshot, []));
            return;
        }

        FailWaiters(Unresolved(error));
        if (!error.IsTransient)
        {
            _refusal = error;
            _queues.ForEach(queue => queue.Fail(Unresolved(error)));
        }
    }

    private void FailWaiters(EtcdDiscoveryException error)
    {
        var waiters = _firstRead;
        _firstRead = NewFirstRead();
        waiters.TrySetException(error);
        _ = waiters.Task.Exception; // Nobody may be waiting, and that is no unobserved exception.
    }

    private sealed record Outage(long Start, string Reason);
}
