namespace EtcdDiscovery.Primitives;

/// <summary>Lets one loop wait until a time has passed or the event is set.</summary>
/// <remarks>
/// Setting the event while the loop does not wait ends its next wait at once. A set that races with the end of a wait may be
/// lost, so the loop looks for work after every wait.
/// </remarks>
internal sealed class AsyncAutoResetEvent(TimeProvider timeProvider)
{
    private volatile TaskCompletionSource _next = Promise.New();

    public void Set() => _next.TrySetResult();

    /// <summary>Completes, never throws, when the time has passed, on a wake-up, or on cancellation.</summary>
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
