using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Tells, once, that what is known of a service is not the latest any more.</summary>
internal sealed partial class SnapshotChangeToken(Task superseded, ILogger logger) : IChangeToken
{
    public bool HasChanged => superseded.IsCompleted;

    public bool ActiveChangeCallbacks => true;

    // Callbacks run on the thread pool: none of them can keep the others, or the watch, waiting.
    public IDisposable RegisterChangeCallback(Action<object?> callback, object? state)
    {
        var registration = new CancellationTokenSource();
        _ = superseded.ContinueWith(
            _ => Call(callback, state), registration.Token, TaskContinuationOptions.None, TaskScheduler.Default);
        return new Registration(registration);
    }

    private void Call(Action<object?> callback, object? state)
    {
        try
        {
            callback(state);
        }
        catch (Exception error)
        {
            Log.CallbackFailed(logger, error);
        }
    }

    // A callback that waits is let go of at once: cancelling the token takes the continuation off the task.
    private sealed class Registration(CancellationTokenSource ending) : IDisposable
    {
        public void Dispose() => ending.Cancel();
    }
}
