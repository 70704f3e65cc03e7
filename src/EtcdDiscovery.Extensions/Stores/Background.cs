namespace EtcdDiscovery.Stores;

/// <summary>Starts what does not belong to the call that starts it: loops that outlive it, and reads that several callers share.</summary>
internal static class Background
{
    /// <inheritdoc cref="RunAsync{T}(Func{Task{T}})"/>
    public static Task RunAsync(Func<Task> loop) => RunAsync(async () =>
    {
        await loop().ConfigureAwait(false);
        return true;
    });

    /// <summary>Runs a loop without the caller's activity, logging scopes and other ambient values: it may be a request's.</summary>
    /// <remarks>With an activity, Grpc.Net makes one of its own, and waits for ever if a listener throws when that starts.</remarks>
    public static Task<T> RunAsync<T>(Func<Task<T>> loop)
    {
        if (ExecutionContext.IsFlowSuppressed())
        {
            return Task.Run(loop);
        }

        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(loop);
        }
    }
}
