using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service has instances, but none on the shard that was asked for (Go: <c>ErrNoHostFoundOnShard</c>). Transient.</summary>
public sealed class NoInstanceOnShardException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The service that was asked for.</param>
    /// <param name="shard">The shard that was asked for.</param>
    public NoInstanceOnShardException(string serviceName, string shard)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' has no instance on shard '{LogSanitizer.Sanitize(shard)}'.", isTransient: true)
    {
        ServiceName = serviceName;
        Shard = shard;
    }

    /// <summary>The service that was asked for.</summary>
    public string ServiceName { get; }

    /// <summary>The shard that was asked for.</summary>
    public string Shard { get; }
}
