using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Stores;

/// <summary>
/// Follows ranges of a store until it is disposed: reads the ranges, watches them from that revision, resumes the watch when it ends, and
/// reads everything again when history is lost.
/// </summary>
internal sealed class StoreFollower(
    IDiscoveryStore store, IReadOnlyList<StoreRange> ranges, Backoff backoff, TimeProvider timeProvider, IStoreObserver observer)
    : IAsyncDisposable
{
    // Spreads the refreshes of instances that were started together.
    private const double Jitter = 0.25;

    private readonly CancellationTokenSource _stopping = new();
    private Task? _following;
    private StoreRevision? _seen;

    public bool IsStopped => _stopping.IsCancellationRequested;

    /// <summary>The approximate interval at which everything is read again, even if no loss was detected. By default never.</summary>
    public TimeSpan RefreshInterval { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>Starts following. Later calls do nothing. Not safe for concurrent use.</summary>
    public void Start() => _following ??= Background.RunAsync(() => FollowAsync(_stopping.Token));

    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await (_following ?? Task.CompletedTask).ConfigureAwait(false);
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        var isRefresh = false;
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            EtcdDiscoveryException? failure = null;
            try
            {
                // If a refresh fails, it is skipped: the watch can still continue from the last revision.
                var read = _seen is null || isRefresh;
                isRefresh = false;
                _seen = read ? await ReadAsync(stopping).ConfigureAwait(false) : _seen;
                isRefresh = await WatchAsync(() => failures = 0, stopping).ConfigureAwait(false);
                if (isRefresh)
                {
                    continue;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                _seen = error is HistoryLostException ? null : _seen;
                failure = Describe(error);
                Notify(failure);
            }

            await Task.Delay(backoff.DelayAfter(++failures, failure?.IsTransient ?? true), timeProvider, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // An exception from the observer must not end the loop. Reading everything again repairs the observer's state.
    private void Notify(EtcdDiscoveryException failure)
    {
        try
        {
            observer.OnFailure(failure);
        }
        catch (Exception)
        {
            _seen = null;
        }
    }

    private async Task<StoreRevision> ReadAsync(CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync(ranges, cancellationToken).ConfigureAwait(false);
        observer.OnRead(contents);
        return contents.Revision;
    }

    /// <summary>Watches until the watch ends.</summary>
    /// <returns>Whether it ended because it is time to read again.</returns>
    private async Task<bool> WatchAsync(Action onProgress, CancellationToken stopping)
    {
        using var refresh = new LinkedTimeout(NextRefresh(), timeProvider, stopping);
        try
        {
            await foreach (var batch in store.WatchAsync(ranges, _seen!.Value, refresh.Token).ConfigureAwait(false))
            {
                observer.OnBatch(batch);
                _seen = batch.Revision;
                onProgress();
            }

            return false;
        }
        catch (OperationCanceledException) when (refresh.HasExpired)
        {
            return true;
        }
    }

    private TimeSpan NextRefresh() => RefreshInterval == Timeout.InfiniteTimeSpan
        ? RefreshInterval
        : RefreshInterval * (1 - Jitter + (2 * Jitter * Random.Shared.NextDouble()));

    private static EtcdDiscoveryException Describe(Exception error) =>
        error as EtcdDiscoveryException ?? new EtcdDiscoveryException(LogSanitizer.SanitizeMessage(error.Message), isTransient: false, error);
}
