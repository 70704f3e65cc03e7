namespace EtcdDiscovery.Stores;

/// <summary>The session does not exist any more in the store: it expired or was revoked. Its keys are gone.</summary>
public sealed class SessionLostException : EtcdDiscoveryException
{
    /// <summary>Creates the signal.</summary>
    /// <param name="message">How the loss was noticed.</param>
    public SessionLostException(string message)
        : base(message, isTransient: true)
    {
    }
}
