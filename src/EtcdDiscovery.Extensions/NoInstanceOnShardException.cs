using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service has instances, but none on the requested shard (Go: <c>ErrNoHostFoundOnShard</c>). Transient.</summary>
public sealed class NoInstanceOnShardException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The requested service.</param>
    /// <param name="shard">The requested shard.</param>
    public NoInstanceOnShardException(string serviceName, string shard)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' has no instance on shard '{LogSanitizer.Sanitize(shard)}'.", isTransient: true)
    {
        ServiceName = serviceName;
        Shard = shard;
    }

    /// <summary>The requested service.</summary>
    public string ServiceName { get; }

    /// <summary>The requested shard.</summary>
    public string Shard { get; }
}
