namespace EtcdDiscovery.Primitives;

/// <summary>Creates task completion sources whose waiters continue on other threads.</summary>
/// <remarks>Promises are kept inside locks and loops: a waiter must run neither under the lock nor in place of the loop.</remarks>
internal static class Promise
{
    public static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
