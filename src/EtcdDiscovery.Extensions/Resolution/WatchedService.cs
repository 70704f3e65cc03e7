using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Keeps one service's snapshot current: reads, then watches from there, for ever.</summary>
internal sealed partial class WatchedService : IAsyncDisposable
{
    private readonly IDiscoveryStore _store;
    private readonly Backoff _backoff;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EntryReader _reader;
    private readonly CancellationTokenSource _stopping = new();
    private volatile CatalogSnapshot? _current;
    private volatile TaskCompletionSource<CatalogSnapshot> _firstRead = NewFirstRead();
    private volatile Outage? _outage;
    private Task _following = Task.CompletedTask;

    public WatchedService(
        string name, IDiscoveryStore store, Backoff backoff, TimeProvider timeProvider, ILogger logger)
    {
        Name = name;
        _store = store;
        _backoff = backoff;
        _timeProvider = timeProvider;
        _logger = logger;
        _reader = new EntryReader(name, logger);
    }

    public string Name { get; }

    /// <summary>The latest snapshot; null until the first read succeeded.</summary>
    public CatalogSnapshot? Current => _current;

    /// <summary>Since when the store has been out of reach; null while it is in reach.</summary>
    public DateTimeOffset? StaleSince => _outage?.Since;

    public int UnreadableEntries => _reader.UnreadableCount;

    public void Start() => _following = Task.Run(() => FollowAsync(_stopping.Token));

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
                ObjectDisposedException.ThrowIf(_stopping.IsCancellationRequested, typeof(IServiceResolver));
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
        _stopping.Cancel();
        FailWaiters(new EtcdDiscoveryException("Service discovery has stopped."));
        _current?.Supersede();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        await _following.ConfigureAwait(false);
    }

    private static TaskCompletionSource<CatalogSnapshot> NewFirstRead() =>
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task FollowAsync(CancellationToken stopping)
    {
        StoreRevision? seen = null;
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                seen ??= await ReadAsync(stopping).ConfigureAwait(false);
                await foreach (var batch in _store.WatchAsync(_reader.Ranges, seen.Value, stopping).ConfigureAwait(false))
                {
                    Publish(_reader.Apply(_current!, batch));
                    seen = batch.Revision;
                    failures = 0;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (HistoryLostException lost)
            {
                Log.HistoryLost(_logger, Name, lost.Message);
                seen = null;
            }
            catch (Exception error)
            {
                Fail(error);
            }

            await WaitAsync(_backoff.DelayAfter(++failures), stopping).ConfigureAwait(false);
        }
    }

    private async Task<StoreRevision> ReadAsync(CancellationToken cancellationToken)
    {
        var contents = await _store.ReadAsync(_reader.Ranges, cancellationToken).ConfigureAwait(false);
        Publish(_reader.Read(_current ?? CatalogSnapshot.Nothing, contents));
        return contents.Revision;
    }

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

    private void Fail(Exception error)
    {
        if (_outage is null)
        {
            Log.OutOfReach(_logger, Name, error.Message);
            _outage = new Outage(_timeProvider.GetUtcNow());
        }
        else
        {
            Log.StillOutOfReach(_logger, Name, error.Message);
        }

        if (_current is null)
        {
            FailWaiters(new EtcdDiscoveryException(
                $"Service '{Name}' cannot be resolved yet: {error.Message}",
                (error as EtcdDiscoveryException)?.IsTransient ?? false,
                error));
        }
    }

    private void FailWaiters(EtcdDiscoveryException error)
    {
        var waiters = Interlocked.Exchange(ref _firstRead, NewFirstRead());
        waiters.TrySetException(error);
        _ = waiters.Task.Exception; // Nobody may be waiting, and that is no unobserved exception.
    }

    private async Task WaitAsync(TimeSpan delay, CancellationToken stopping) =>
        await Task.Delay(delay, _timeProvider, stopping)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private sealed record Outage(DateTimeOffset Since);
}
