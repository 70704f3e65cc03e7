namespace EtcdDiscovery.Primitives;

/// <summary>Lets one loop sleep until a time has passed or somebody has work for it.</summary>
/// <remarks>
/// A wake-up while nobody sleeps ends the next sleep at once, except for one that falls between two sleeps: so the loop
/// looks for work after every sleep.
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
