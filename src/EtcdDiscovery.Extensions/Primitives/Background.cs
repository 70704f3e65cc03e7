namespace EtcdDiscovery.Primitives;

/// <summary>
/// Starts background loops and reads that several callers share. They run without the activity, logging scopes and other ambient values of
/// the call that starts them, which may be those of a request.
/// </summary>
/// <remarks>With an activity, Grpc.Net starts its own activity, and hangs if a listener throws at that moment.</remarks>
internal static class Background
{
    /// <summary>Starts on the thread pool.</summary>
    public static Task RunAsync(Func<Task> loop) => WithoutFlow(() => Task.Run(loop));

    /// <summary>Starts a read on the thread pool. Its failure counts as observed.</summary>
    public static Task<T> RunAsync<T>(Func<Task<T>> read) => Observed(WithoutFlow(() => Task.Run(read)));

    /// <summary>Starts on the current thread, and continues on the thread pool after the first wait.</summary>
    public static Task StartAsync(Func<Task> loop) => WithoutFlow(loop);

    /// <summary>
    /// Marks a failure of the task as observed. For a task that may be abandoned, because everyone who waits for it may give up first.
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
