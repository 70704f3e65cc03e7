using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service is unknown: it has neither a description nor an instance (Go: <c>ErrServiceNotFound</c>).</summary>
public sealed class ServiceNotFoundException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The requested service.</param>
    public ServiceNotFoundException(string serviceName)
        : this(serviceName, "no host has registered it. Names are case-sensitive. "
            + "The other hosts must use the same etcd, EtcdDiscovery:Store and EtcdDiscovery:KeyPrefix. "
            + "To call a host that is not a service, add it to ExternalHosts of the HttpClient")
    {
    }

    internal ServiceNotFoundException(string serviceName, string reason)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' is not known: {reason}.")
    {
        ServiceName = serviceName;
    }

    /// <summary>The requested service.</summary>
    public string ServiceName { get; }
}
