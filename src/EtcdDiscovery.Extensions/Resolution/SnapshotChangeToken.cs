using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Fires once, when a snapshot is superseded.</summary>
internal sealed partial class SnapshotChangeToken(Task superseded, ILogger logger) : IChangeToken
{
    public bool HasChanged => superseded.IsCompleted;

    public bool ActiveChangeCallbacks => true;

    // Callbacks run on the thread pool, so that none of them delays the others or the watch.
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

    // Cancelling the token removes the continuation from the task, so that the callback can be collected at once.
    private sealed class Registration(CancellationTokenSource ending) : IDisposable
    {
        public void Dispose() => ending.Cancel();
    }
}
