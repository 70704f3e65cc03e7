using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>Nothing is known of the service: neither its description nor any instance (Go: <c>ErrServiceNotFound</c>).</summary>
public sealed class ServiceNotFoundException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The service that was asked for.</param>
    public ServiceNotFoundException(string serviceName)
        : this(serviceName, "no host of that name has registered")
    {
    }

    internal ServiceNotFoundException(string serviceName, string reason)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' is not known: {reason}.")
    {
        ServiceName = serviceName;
    }

    /// <summary>The service that was asked for.</summary>
    public string ServiceName { get; }
}
