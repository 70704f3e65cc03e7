namespace EtcdDiscovery.Stores;

/// <summary>Follows ranges of a store for ever: reads, watches from there, resumes what ended, reads again what was lost.</summary>
internal sealed class StoreFollower(
    IDiscoveryStore store, IReadOnlyList<StoreRange> ranges, Backoff backoff, TimeProvider timeProvider, IStoreObserver observer)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task? _following;

    public bool IsStopped => _stopping.IsCancellationRequested;

    /// <summary>Starts, the first time that it is called. One call at a time.</summary>
    public void Start() => _following ??= Task.Run(() => FollowAsync(_stopping.Token));

    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await (_following ?? Task.CompletedTask).ConfigureAwait(false);
    }

    private async Task FollowAsync(CancellationToken stopping)
    {
        StoreRevision? seen = null;
        var failures = 0;
        while (!stopping.IsCancellationRequested)
        {
            EtcdDiscoveryException? failure = null;
            try
            {
                seen ??= await ReadAsync(stopping).ConfigureAwait(false);
                await foreach (var batch in store.WatchAsync(ranges, seen.Value, stopping).ConfigureAwait(false))
                {
                    observer.OnBatch(batch);
                    seen = batch.Revision;
                    failures = 0;
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error)
            {
                seen = error is HistoryLostException ? null : seen;
                failure = Describe(error);
                observer.OnFailure(failure);
            }

            await Task.Delay(backoff.DelayAfter(++failures, failure), timeProvider, stopping)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<StoreRevision> ReadAsync(CancellationToken cancellationToken)
    {
        var contents = await store.ReadAsync(ranges, cancellationToken).ConfigureAwait(false);
        observer.OnRead(contents);
        return contents.Revision;
    }

    private static EtcdDiscoveryException Describe(Exception error) =>
        error as EtcdDiscoveryException ?? new EtcdDiscoveryException(error.Message, isTransient: false, error);
}
