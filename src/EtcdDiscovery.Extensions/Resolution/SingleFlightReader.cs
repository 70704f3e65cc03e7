using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Reads a service for those who do not want to rely on its watch; one read for all who ask at the same time.</summary>
internal sealed class SingleFlightReader(
    Func<CancellationToken, Task<ServiceView>> readAsync, TimeProvider timeProvider) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _sync = new();
    private Task<ServiceView> _running = Task.FromResult(ServiceView.Nothing);
    private Task<ServiceView>? _next;
    private volatile Answer? _latest;

    /// <summary>The latest snapshot that was read, if that is not longer ago.</summary>
    public ServiceView? Latest(TimeSpan maxAge) =>
        _latest is { } latest && timeProvider.GetElapsedTime(latest.AskedAt) <= maxAge ? latest.Snapshot : null;

    /// <summary>A snapshot whose reading begins after this call.</summary>
    public Task<ServiceView> ReadAsync(CancellationToken cancellationToken)
    {
        lock (_sync)
        {
            // One that is under way may have been answered already; those who come meanwhile share the one after it.
            var read = _running.IsCompleted ? _running = Background.RunAsync(ReadNowAsync) : _next ??= Background.RunAsync(() => ReadNextAsync(_running));
            // All who wait for it may be cancelled, and its failure is no unobserved exception then.
            _ = read.ContinueWith(
                static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
            return read.WaitAsync(cancellationToken);
        }
    }

    public void Stop() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        Stop();
        await ((Task)(_next ?? _running)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<ServiceView> ReadNextAsync(Task running)
    {
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ForceYielding);
        lock (_sync)
        {
            _running = _next!;
            _next = null;
        }

        return await ReadNowAsync().ConfigureAwait(false);
    }

    private async Task<ServiceView> ReadNowAsync()
    {
        var askedAt = timeProvider.GetTimestamp();
        var snapshot = await readAsync(_stopping.Token).ConfigureAwait(false);
        _latest = new Answer(snapshot, askedAt);
        return snapshot;
    }

    private sealed record Answer(ServiceView Snapshot, long AskedAt);
}
