using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Watches one service in the store, starting with the first query, and publishes a view after each change.</summary>
/// <remarks>Queries read the published view. Queries that accept any view take no lock.</remarks>
internal sealed partial class ServiceWatcher : IStoreObserver, IAsyncDisposable
{
    private readonly CatalogSettings _settings;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EntryReader _reader;
    private readonly BalancerState _balancer;
    private readonly SelfPreservation _selfPreservation;
    private readonly CoalescingObserver _coalescing;
    private readonly StoreFollower _follower;
    private readonly FreshReader _freshReader;
    private readonly ITimer _graceTimer;
    private readonly IdleDetector _idle = new();

    // Guards the state that views are built from, and the subscribers.
    private readonly Lock _publishing = new();
    private readonly ViewSubscribers _subscribers;
    private readonly StoreOutage _outage;
    private readonly ServiceTimeline _timeline;
    private readonly LogThrottle _suspicions;
    private volatile ServiceView _view = ServiceView.NewUnknown();
    private Task _restoring = Task.CompletedTask;

    public ServiceWatcher(
        string name, IDiscoveryStore store, CatalogSettings settings, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        Name = name;
        _settings = settings;
        _timeProvider = timeProvider;
        _logger = loggerFactory.CreateLogger(LogCategories.Resolution);
        _timeline = new ServiceTimeline(name, settings.Timeline, timeProvider);
        _outage = new StoreOutage(name, _timeline, timeProvider, _logger);
        _suspicions = new LogThrottle(timeProvider);
        _reader = new EntryReader(name, _logger);
        _balancer = new BalancerState(timeProvider, OnEjectionsChanged, loggerFactory.CreateLogger(LogCategories.LoadBalancing), settings.Timeline);
        _selfPreservation = new SelfPreservation(settings.OutageGrace, timeProvider);
        _graceTimer = timeProvider.CreateTimer(_ => RemoveSuspects(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _coalescing = new CoalescingObserver(this, PauseAfterView, timeProvider);
        _follower = new StoreFollower(store, _reader.Ranges, settings.Backoff, timeProvider, _coalescing)
        {
            RefreshInterval = settings.RefreshInterval,
        };
        _subscribers = new ViewSubscribers(name);
        _freshReader = new FreshReader(name, store, () => _view, timeProvider);
    }

    public string Name { get; }

    /// <summary>The published view.</summary>
    public ServiceView View => _view;

    /// <summary>The time since the view was last confirmed.</summary>
    public TimeSpan Age => _view.Freshness.Age(_timeProvider);

    /// <summary>Why the store is unreachable; null if it is reachable.</summary>
    public string? OutageReason => _outage.Reason;

    public int UnreadableEntries => _reader.UnreadableCount;

    /// <summary>The current ejections.</summary>
    public IReadOnlyList<Ejection> Ejections => _balancer.Ejections;

    /// <summary>Whether the store is known to contain entries of the service. Queries may name services that do not exist.</summary>
    public bool Exists => _view.Exists || UnreadableEntries > 0;

    /// <summary>Whether a query waits for the service, or a reader watches it.</summary>
    // Both start under the catalog's lock, which eviction also holds. It does not matter if one of them ends during the eviction.
    public bool HasReaders => _idle.IsAwaited || _subscribers.HasReaders;

    private ServiceView? Known => _view is { IsKnown: true } view ? view : null;

    public void Start() => _follower.Start();

    /// <summary>Notes that the service is in use.</summary>
    public void Use() => _idle.Use();

    /// <summary>Gets the published view, if it is current enough. Takes no lock.</summary>
    public ServiceView? TryGetView(ReadConsistency consistency)
    {
        Use();
        return IsCurrentEnough(consistency) ? Known : null;
    }

    /// <summary>Gets a view as current as requested.</summary>
    /// <exception cref="EtcdDiscoveryException">The store could not be read, and the published view is missing or too old.</exception>
    public ValueTask<ServiceView> GetViewAsync(ReadConsistency consistency, CancellationToken cancellationToken) =>
        TryGetView(consistency) is { } view ? new(view) : new(_idle.UseWhileAsync(WaitForViewAsync(consistency, cancellationToken)));

    /// <summary>Gets the public snapshot of a view.</summary>
    public ServiceSnapshot Expose(ServiceView view) => view.Exposed ??= view.ToSnapshot(Name, UnreadableEntries, _logger);

    /// <summary>Gets the sets to pick from in a view.</summary>
    public PickSets PicksOf(ServiceView view) => view.Picks ?? _balancer.CreatePickSets(view.Serving, view.MayHaveWeights);

    /// <summary>How many calls to an instance are outstanding.</summary>
    public int CountOutstanding(string instanceId) => _balancer.CountOutstanding(instanceId);

    /// <summary>Starts a call to an instance.</summary>
    public ServiceCall StartCall(string instanceId) => _balancer.StartCall(instanceId);

    /// <summary>Subscribes a reader. Its first update contains all instances. Dispose the queue to unsubscribe.</summary>
    public ChangeQueue Subscribe()
    {
        var queue = new ChangeQueue(Unsubscribe);
        lock (_publishing)
        {
            _subscribers.Add(queue, _view);
        }

        return queue;
    }

    /// <summary>Ends a period of time.</summary>
    /// <returns>The number of consecutive periods in which the service was not queried, awaited or watched.</returns>
    public int CountIdlePeriod()
    {
        // While the store is unreachable, a removed service could not be read again.
        var isIrreplaceable = OutageReason is not null && Exists;
        return _idle.CountPeriod(isNeeded: isIrreplaceable || HasReaders);
    }

    /// <summary>Stops the watch. Readers and waiting queries fail.</summary>
    public void Stop()
    {
        _follower.Stop();
        _freshReader.Stop();
        lock (_publishing)
        {
            _subscribers.Stop();
            _view.Supersede();
        }

        _balancer.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _follower.DisposeAsync().ConfigureAwait(false);
        await _restoring.ConfigureAwait(false);
        _coalescing.Dispose();
        await _freshReader.DisposeAsync().ConfigureAwait(false);
        _graceTimer.Dispose();
    }

    void IStoreObserver.OnRead(StoreContents contents)
    {
        lock (_publishing)
        {
            var before = _view;
            var keepVanished = _settings.OutageGrace > TimeSpan.Zero && before.Freshness.Source != SnapshotSource.Disk
                && (_outage.HasMissedChanges || before.Suspects.Count > 0);
            OnReached(_reader.Read(before, contents, keepVanished));
        }
    }

    void IStoreObserver.OnBatch(StoreBatch batch)
    {
        lock (_publishing)
        {
            OnReached(_reader.Apply(_view, batch, _selfPreservation));
        }
    }

    void IStoreObserver.OnFailure(EtcdDiscoveryException error)
    {
        lock (_publishing)
        {
            _selfPreservation.OnDisturbance();
            _outage.OnFailed(error, Known is not null);
            if (OutageReason is not null && Known is { Freshness.Source: SnapshotSource.Live })
            {
                _view = _view.With(_view.Freshness with { Source = SnapshotSource.Stale }, _view.Picks);
            }
        }

        if (OutageReason is not null && Known is null && _restoring.IsCompleted)
        {
            _restoring = Background.StartAsync(() => RestoreOrFailAsync(error));
        }
    }

    // What the first query of a view calculates, such as shares by weight, takes longer the more instances there are. Below 20,000
    // instances, every change is published at once.
    private TimeSpan PauseAfterView() => TimeSpan.FromMicroseconds(0.05 * _view.Instances.Count);

    private bool IsCurrentEnough(ReadConsistency consistency) =>
        !consistency.IsLinearizable && (consistency.MaxAge is not { } age || Age <= age);

    private Task<ServiceView> WaitForViewAsync(ReadConsistency consistency, CancellationToken cancellationToken) =>
        consistency.IsLinearizable ? _freshReader.ReadAsync(cancellationToken)
        : consistency.MaxAge is { } age && Known is not null ? _freshReader.GetAsync(age, cancellationToken)
        : FirstViewAsync(cancellationToken);

    private Task<ServiceView> FirstViewAsync(CancellationToken cancellationToken)
    {
        lock (_publishing)
        {
            return Known is { } view ? Task.FromResult(view) : _subscribers.WaitForFirstAsync(cancellationToken);
        }
    }

    private void Unsubscribe(ChangeQueue queue)
    {
        lock (_publishing)
        {
            _subscribers.Remove(queue);
        }
    }

    // The store has answered; the update is null if nothing has changed.
    private void OnReached(ViewUpdate? update)
    {
        if (_outage.OnReached())
        {
            _selfPreservation.OnDisturbance();
        }

        foreach (var change in update?.Changes ?? [])
        {
            if (change.Before is null)
            {
                _selfPreservation.OnPresent(change.Id);
            }
        }

        var hadSuspects = _view.Suspects.Count > 0;
        Publish(update, Freshness.Live(_timeProvider));
        if (!hadSuspects && _view.Suspects.Count > 0)
        {
            if (_suspicions.Allows(out var leftOut))
            {
                Log.Doubtful(_logger, LogSanitizer.Sanitize(Name), _view.Suspects.Count, _settings.OutageGrace, leftOut);
            }

            _graceTimer.Change(_settings.OutageGrace, Timeout.InfiniteTimeSpan);
        }
    }

    private void Publish(ViewUpdate? update, Freshness freshness)
    {
        var before = _view;
        if (update is null || update.View.HasContentOf(before))
        {
            _view = (update?.View ?? before).With(freshness, before.Picks);
            return;
        }

        _balancer.SetInstances(update.View.Instances);
        var view = update.View.With(freshness, _balancer.CreatePickSets(update.View.Serving, update.View.MayHaveWeights));
        _view = view;
        before.Supersede();
        _subscribers.OnPublished(before, update with { View = view });
        _timeline.OnPublished(before, update);
    }

    private void OnEjectionsChanged()
    {
        lock (_publishing)
        {
            _view = _view.With(_view.Freshness, _balancer.CreatePickSets(_view.Serving, _view.MayHaveWeights));
        }
    }

    private void RemoveSuspects()
    {
        lock (_publishing)
        {
            var gone = _view.Suspects.Select(id => new InstanceChange(_view.Find(id), null)).ToList();
            Publish(new(_view.With(_view.Description, gone, [], _view.Revision), gone), _view.Freshness);
        }
    }

    // The store could not be read even once, so use the snapshot that an earlier process saved, if there is one.
    private async Task RestoreOrFailAsync(EtcdDiscoveryException error)
    {
        var saved = _settings.Directory is { } directory ? await directory.LoadAsync(Name).ConfigureAwait(false) : null;
        lock (_publishing)
        {
            // The service may have been read in the meantime.
            if (Known is not null)
            {
                return;
            }

            if (saved is not null)
            {
                Log.Restored(_logger, LogSanitizer.Sanitize(Name), saved.View.Instances.Count, saved.AsOf);
                Publish(new(saved.View, []), new Freshness(SnapshotSource.Disk, 0, saved.AsOf));
                return;
            }

            _subscribers.Fail(error);
        }
    }
}
