using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>One service's latest snapshot, kept current from the first question on.</summary>
internal sealed partial class WatchedService : IStoreObserver, IAsyncDisposable
{
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EntryReader _reader;
    private readonly StoreFollower _follower;
    private volatile CatalogSnapshot? _current;
    private volatile TaskCompletionSource<CatalogSnapshot> _firstRead = NewFirstRead();
    private volatile Outage? _outage;

    public WatchedService(
        string name, IDiscoveryStore store, Backoff backoff, TimeProvider timeProvider, ILoggerFactory loggerFactory)
    {
        Name = name;
        _timeProvider = timeProvider;
        _logger = loggerFactory.CreateLogger<WatchedService>();
        _reader = new EntryReader(name, loggerFactory.CreateLogger<EntryReader>());
        _follower = new StoreFollower(store, _reader.Ranges, backoff, timeProvider, this);
    }

    public string Name { get; }

    /// <summary>The latest snapshot; null until the first read succeeded.</summary>
    public CatalogSnapshot? Current => _current;

    /// <summary>Since when the store has been out of reach; null while it is in reach.</summary>
    public DateTimeOffset? StaleSince => _outage?.Since;

    public int UnreadableEntries => _reader.UnreadableCount;

    /// <summary>Why an instance is not served any more.</summary>
    public ServiceDownReason ExplainDown(string id, CatalogSnapshot latest) => _reader.SignOffs.Explain(id, latest.Find(id));

    public void Start() => _follower.Start();

    /// <summary>The latest snapshot, as soon as there is one.</summary>
    /// <exception cref="EtcdDiscoveryException">The try that was under way failed; others follow.</exception>
    public ValueTask<CatalogSnapshot> GetAsync(CancellationToken cancellationToken) =>
        _current is { } current ? new(current) : new(_firstRead.Task.WaitAsync(cancellationToken));

    /// <summary>The latest snapshot that is newer than one already seen, whatever outages lie between.</summary>
    public async Task<CatalogSnapshot> GetNewerAsync(CatalogSnapshot? seen, CancellationToken cancellationToken)
    {
        if (seen is not null)
        {
            await seen.Superseded.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            try
            {
                ObjectDisposedException.ThrowIf(_follower.IsStopped, typeof(IServiceResolver));
                return await GetAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (EtcdDiscoveryException unread)
            {
                Log.StillOutOfReach(_logger, Name, unread.Message);
            }
        }
    }

    /// <summary>Stops following; whoever waits is told.</summary>
    public void Stop()
    {
        _follower.Stop();
        FailWaiters(new EtcdDiscoveryException("Service discovery has stopped."));
        _current?.Supersede();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _follower.DisposeAsync().ConfigureAwait(false);
    }

    void IStoreObserver.OnRead(StoreContents contents) =>
        Publish(_reader.Read(_current ?? CatalogSnapshot.Nothing, contents));

    void IStoreObserver.OnBatch(StoreBatch batch) => Publish(_reader.Apply(_current!, batch));

    void IStoreObserver.OnFailure(EtcdDiscoveryException error)
    {
        if (error is HistoryLostException)
        {
            Log.HistoryLost(_logger, Name, error.Message);
            return;
        }

        if (_outage is null)
        {
            if (_current is null)
            {
                Log.Unread(_logger, Name, error.Message);
            }
            else
            {
                Log.OutOfReach(_logger, Name, error.Message);
            }

            _outage = new Outage(_timeProvider.GetUtcNow());
        }
        else
        {
            Log.StillOutOfReach(_logger, Name, error.Message);
        }

        if (_current is null)
        {
            FailWaiters(new EtcdDiscoveryException(
                $"Service '{Name}' cannot be resolved yet: {error.Message}", error.IsTransient, error));
        }
    }

    private static TaskCompletionSource<CatalogSnapshot> NewFirstRead() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Publish(CatalogSnapshot snapshot)
    {
        if (_outage is { } outage)
        {
            Log.InReachAgain(_logger, Name, _timeProvider.GetUtcNow() - outage.Since);
            _outage = null;
        }

        if (_current == snapshot)
        {
            return;
        }

        var before = _current;
        _current = snapshot;
        before?.Supersede();
        _firstRead.TrySetResult(snapshot);
    }

    private void FailWaiters(EtcdDiscoveryException error)
    {
        var waiters = Interlocked.Exchange(ref _firstRead, NewFirstRead());
        waiters.TrySetException(error);
        _ = waiters.Task.Exception; // Nobody may be waiting, and that is no unobserved exception.
    }

    private sealed record Outage(DateTimeOffset Since);
}
