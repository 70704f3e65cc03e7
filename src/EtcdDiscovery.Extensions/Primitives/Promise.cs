namespace EtcdDiscovery.Primitives;

/// <summary>Creates task completion sources that run continuations asynchronously.</summary>
/// <remarks>They are completed under locks and inside loops, where the continuations of waiting code must not run.</remarks>
internal static class Promise
{
    public static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
