namespace EtcdDiscovery.Stores;

/// <summary>The session no longer exists in the store: it expired or was revoked, and its keys are gone.</summary>
public sealed class SessionLostException : EtcdDiscoveryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">How the loss was noticed.</param>
    public SessionLostException(string message)
        : base(message, isTransient: true)
    {
    }
}
