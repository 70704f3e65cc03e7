namespace EtcdDiscovery.Primitives;

/// <summary>
/// Starts what does not belong to the call that starts it: loops that outlive it, and reads that several callers share. They run without
/// that call's activity, logging scopes and other ambient values, which may be a request's.
/// </summary>
/// <remarks>With an activity, Grpc.Net makes one of its own, and waits for ever if a listener throws when that starts.</remarks>
internal static class Background
{
    /// <summary>Starts on another thread.</summary>
    public static Task RunAsync(Func<Task> loop) => WithoutFlow(() => Task.Run(loop));

    /// <inheritdoc cref="RunAsync(Func{Task})"/>
    public static Task<T> RunAsync<T>(Func<Task<T>> read) => WithoutFlow(() => Task.Run(read));

    /// <summary>Starts on this thread, and goes on elsewhere after the first wait.</summary>
    public static Task StartAsync(Func<Task> loop) => WithoutFlow(loop);

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
