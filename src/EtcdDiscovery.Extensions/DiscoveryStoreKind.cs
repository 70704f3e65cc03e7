namespace EtcdDiscovery;

/// <summary>Where services are registered.</summary>
public enum DiscoveryStoreKind
{
    /// <summary>etcd's v3 API (gRPC), etcd 3.4 or later.</summary>
    Etcd,

    /// <summary>The memory of this process: for development and tests. Other processes see nothing of it.</summary>
    InMemory,
}
