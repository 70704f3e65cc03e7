namespace EtcdDiscovery.Primitives;

/// <summary>
/// Starts background loops, and reads that several callers share. They run without the ambient values of the call that starts them, such as
/// its activity and logging scopes, which may belong to a request.
/// </summary>
/// <remarks>If there is an activity, Grpc.Net starts one of its own, and hangs if a listener throws while it does so.</remarks>
internal static class Background
{
    /// <summary>Starts a loop on the thread pool.</summary>
    public static Task RunAsync(Func<Task> loop) => WithoutFlow(() => Task.Run(loop));

    /// <summary>Starts a read on the thread pool. If it fails, the exception counts as observed.</summary>
    public static Task<T> RunAsync<T>(Func<Task<T>> read) => Observed(WithoutFlow(() => Task.Run(read)));

    /// <summary>Starts a loop on the current thread. The loop continues on the thread pool after its first wait.</summary>
    public static Task StartAsync(Func<Task> loop) => WithoutFlow(loop);

    /// <summary>
    /// Marks a failure of the task as observed. Used for tasks that may be abandoned, because all of their callers may stop waiting before
    /// they end.
    /// </summary>
    public static T Observed<T>(T task)
        where T : Task
    {
        _ = task.ContinueWith(
            static failed => failed.Exception,
            CancellationToken.None,
            TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously,
            TaskScheduler.Default);
        return task;
    }

    private static T WithoutFlow<T>(Func<T> start)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return start();
        }

        using (ExecutionContext.SuppressFlow())
        {
            return start();
        }
    }
}
