using System.Globalization;
using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Resolution;

/// <summary>One service that was asked for: followed from the first question on.</summary>
internal sealed class WatchedService : IAsyncDisposable
{
    private readonly IDiscoveryStore _store;
    private readonly EntryReader _reader;
    private readonly LiveSnapshot _live;
    private readonly CoalescingObserver _coalescing;
    private readonly StoreFollower _follower;
    private readonly SingleFlightReader _freshReads;
    private int _waiting;
    private int _idlePeriods;
    private volatile bool _isUsed = true;

    public WatchedService(
        string name,
        IDiscoveryStore store,
        CatalogSettings settings,
        TimeProvider timeProvider,
        ILoggerFactory loggerFactory)
    {
        Name = name;
        Picking = new BalancerState(timeProvider, loggerFactory.CreateLogger<BalancerState>());
        _store = store;
        _reader = new EntryReader(name, loggerFactory.CreateLogger<EntryReader>());
        _live = new LiveSnapshot(
            name,
            _reader,
            Picking,
            settings.OutageGrace,
            () => settings.Folder?.Load(name),
            timeProvider,
            loggerFactory.CreateLogger<LiveSnapshot>());
        _coalescing = new CoalescingObserver(_live, RestAfterSnapshot, timeProvider);
        _follower = new StoreFollower(store, _reader.Ranges, settings.Backoff, timeProvider, _coalescing)
        {
            RefreshInterval = settings.RefreshInterval,
        };
        _freshReads = new SingleFlightReader(ReadAsync, timeProvider);
    }

    public string Name { get; }

    /// <summary>What picking from it has to remember.</summary>
    public BalancerState Picking { get; }

    /// <summary>The latest snapshot; null until there is one.</summary>
    public ServiceView? Current => _live.Current;

    public Freshness Freshness => _live.Freshness;

    /// <inheritdoc cref="LiveSnapshot.OutageReason"/>
    public string? OutageReason => _live.OutageReason;

    /// <summary>Whether anything is known to stand in the store under its name. Anybody can ask for names that no service has.</summary>
    public bool Exists => Current is { Description: not null } or { Instances.Length: > 0 } || UnreadableEntries > 0;

    /// <summary>Whether somebody waits for it or follows it.</summary>
    public bool HasReaders => Volatile.Read(ref _waiting) > 0 || _live.IsFollowed;

    // While the store is out of reach, what is forgotten cannot be read again.
    private bool IsIrreplaceable => OutageReason is not null && Exists;

    public int UnreadableEntries => _reader.UnreadableCount;

    /// <summary>Completes when what is known now is not the latest any more.</summary>
    public Task Superseded => _live.Superseded;

    public void Start() => _follower.Start();

    /// <summary>The latest snapshot if there is one that is current enough for a query. Takes no lock.</summary>
    public ServiceView? TryGetCurrent(in ServiceQuery query)
    {
        Use();
        return query.AcceptsAnyAge || IsCurrentEnough(query) ? Current : null;
    }

    /// <summary>What is picked from when nothing is asked for; null when that is not known yet. Takes no lock.</summary>
    public InstanceSet? PickUsual()
    {
        Use();
        return Picking.DefaultSet;
    }

    /// <summary>Somebody asks for the service. Threads that do it at the same time share nothing that they write.</summary>
    public void Use()
    {
        if (!_isUsed)
        {
            _isUsed = true;
        }
    }

    /// <summary>Counts a period of time, and tells for how many in a row nobody asked for the service, waited for it or followed it.</summary>
    public int CountIdlePeriod()
    {
        _idlePeriods = _isUsed || HasReaders || IsIrreplaceable ? 0 : _idlePeriods + 1;
        _isUsed = false;
        return _idlePeriods;
    }

    /// <summary>A snapshot as current as the query asks for.</summary>
    /// <exception cref="EtcdDiscoveryException">The store could not be read, and what is known does not do.</exception>
    public ValueTask<ServiceView> GetAsync(ServiceQuery query, CancellationToken cancellationToken) =>
        TryGetCurrent(query) is { } current ? new(current) : new(WaitAsync(query, cancellationToken));

    // A snapshot copies the references to all instances, so the more there are the rarer it is made. Changes among less than
    // 2,000 are seen at once.
    private TimeSpan RestAfterSnapshot() => TimeSpan.FromMicroseconds(0.5 * (Current?.Instances.Length ?? 0));

    private bool IsCurrentEnough(in ServiceQuery query) =>
        !query.Linearizable && Freshness.Age <= (query.MaxStaleness ?? TimeSpan.MaxValue);

    /// <summary>Begins to follow the changes; disposed at the end.</summary>
    public ChangeFeed Follow() => new(_live);

    /// <summary>Stops following; whoever waits is told.</summary>
    public void Stop()
    {
        _follower.Stop();
        _freshReads.Stop();
        _live.Stop();
        Picking.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _follower.DisposeAsync().ConfigureAwait(false);
        _coalescing.Dispose();
        await _freshReads.DisposeAsync().ConfigureAwait(false);
        _live.Dispose();
    }

    private async Task<ServiceView> WaitAsync(ServiceQuery query, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            // The first snapshot may have come since it was looked for.
            return query.Linearizable ? await _freshReads.ReadAsync(cancellationToken).ConfigureAwait(false)
                : query.MaxStaleness is { } age && Current is not null ? await ReadAgainAsync(age, cancellationToken).ConfigureAwait(false)
                : await _live.GetFirstAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<ServiceView> ReadAgainAsync(TimeSpan maxStaleness, CancellationToken cancellationToken)
    {
        try
        {
            return _freshReads.Latest(maxStaleness)
                ?? await _freshReads.ReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdDiscoveryException error)
        {
            var age = Freshness.Age.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
            throw new EtcdDiscoveryException(
                $"Service '{Name}' was known {age} s ago, which is longer than the query's MaxStaleness, {maxStaleness}: {error.Message}",
                error.IsTransient,
                error);
        }
    }

    // A reader of its own: the other belongs to the loop, and has logged what is unreadable.
    private async Task<ServiceView> ReadAsync(CancellationToken cancellationToken)
    {
        var contents = await _store.ReadAsync(_reader.Ranges, cancellationToken).ConfigureAwait(false);
        var reader = new EntryReader(Name, NullLogger<EntryReader>.Instance);
        return reader.Read(Current ?? ServiceView.Nothing, contents, doubt: false).Snapshot;
    }
}
