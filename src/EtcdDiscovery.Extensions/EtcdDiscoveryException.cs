namespace EtcdDiscovery;

/// <summary>The base class of the errors that this library reports.</summary>
/// <remarks>Messages never contain passwords or other secrets.</remarks>
public class EtcdDiscoveryException : Exception
{
    /// <summary>Creates an error that is not transient.</summary>
    /// <param name="message">What went wrong, and what to do about it.</param>
    public EtcdDiscoveryException(string message)
        : this(message, isTransient: false)
    {
    }

    /// <summary>Creates an error.</summary>
    /// <param name="message">What went wrong, and what to do about it.</param>
    /// <param name="isTransient">Whether the same call may succeed later without a change of code or settings.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public EtcdDiscoveryException(string message, bool isTransient, Exception? innerException = null)
        : base(message, innerException)
    {
        IsTransient = isTransient;
    }

    /// <summary>
    /// Whether the same call may succeed later without a change of code or settings: <see langword="true"/> while etcd is unreachable or
    /// electing a leader, or while no instance takes requests; <see langword="false"/> if the service is unknown or a permission is
    /// missing.
    /// </summary>
    public bool IsTransient { get; }
}
