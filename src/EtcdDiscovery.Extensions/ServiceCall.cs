namespace EtcdDiscovery;

/// <summary>A call to an instance, from <see cref="IServiceResolver.StartCall"/> until it is completed or disposed.</summary>
/// <remarks>
/// <para>
/// The call counts as outstanding until it ends. Its result decides whether the instance is ejected. The first completion or disposal ends
/// the call; later ones do nothing.
/// </para>
/// <para>Implementations are safe for concurrent use and do not throw.</para>
/// </remarks>
public abstract class ServiceCall : IDisposable
{
    /// <summary>A call that is not counted. Resolvers return it for instances that they do not know.</summary>
    public static ServiceCall None { get; } = new NoCall();

    /// <summary>Ends the call with a result. Does nothing if the call has already ended.</summary>
    /// <param name="succeeded">
    /// <see langword="true"/> if the instance processed the request, even if it rejected the request as invalid; <see langword="false"/> if
    /// it could not be reached, did not answer in time, or could not process the request.
    /// </param>
    public abstract void Complete(bool succeeded);

    /// <summary>
    /// Ends the call without a result, for example because the caller canceled it, which says nothing about the instance. Does nothing if
    /// the call has already ended.
    /// </summary>
    public abstract void Dispose();

    private sealed class NoCall : ServiceCall
    {
        public override void Complete(bool succeeded)
        {
        }

        public override void Dispose()
        {
        }
    }
}
