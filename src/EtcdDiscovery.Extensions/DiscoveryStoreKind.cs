using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The store that services are registered in.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiscoveryStoreKind>))]
public enum DiscoveryStoreKind
{
    /// <summary>etcd's v3 API (gRPC), etcd 3.4 or later.</summary>
    Etcd,

    /// <summary>
    /// etcd's v2 keys API (HTTP), etcd 3.4 or 3.5 started with <c>--enable-v2</c>. Shared with services that use Go's
    /// <c>etcd-discovery</c>. Its keys are separate from those of v3, even in the same server.
    /// </summary>
    EtcdV2,

    /// <summary>The memory of this process, for development and tests. Not visible to other processes.</summary>
    InMemory,
}
