namespace EtcdDiscovery.Primitives;

/// <summary>An asynchronous auto-reset event for one waiting loop, with a timeout.</summary>
/// <remarks>
/// If the event is set while the loop is not waiting, the next wait ends at once. If the event is set just as a wait ends, the signal may
/// be lost, so the loop must check for work after every wait.
/// </remarks>
internal sealed class AsyncAutoResetEvent(TimeProvider timeProvider)
{
    private volatile TaskCompletionSource _next = Promise.New();

    public void Set() => _next.TrySetResult();

    /// <summary>Completes when the time has passed, the event is set, or the token is cancelled. Never throws.</summary>
    public async Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken)
    {
        var next = _next;
        using var timer = timeProvider.CreateTimer(
            static signal => ((TaskCompletionSource)signal!).TrySetResult(), next, atMost, Timeout.InfiniteTimeSpan);
        using var cancellation = cancellationToken.UnsafeRegister(
            static signal => ((TaskCompletionSource)signal!).TrySetResult(), next);
        await next.Task.ConfigureAwait(false);
        _next = Promise.New();
    }
}
