using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service is known but has no instance at the moment (Go: <c>ErrNoHostFound</c>).</summary>
public sealed class NoInstanceFoundException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The service that was asked for.</param>
    public NoInstanceFoundException(string serviceName)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' has no instance at the moment.")
    {
        ServiceName = serviceName;
    }

    /// <summary>The service that was asked for.</summary>
    public string ServiceName { get; }
}
