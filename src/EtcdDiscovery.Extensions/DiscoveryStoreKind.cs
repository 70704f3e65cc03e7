using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Where services are registered.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiscoveryStoreKind>))]
public enum DiscoveryStoreKind
{
    /// <summary>etcd's v3 API (gRPC), etcd 3.4 or later.</summary>
    Etcd,

    /// <summary>
    /// etcd's v2 keys API (HTTP), etcd 3.4 or 3.5 started with <c>--enable-v2</c>: shared with services that use Go's
    /// <c>etcd-discovery</c>. A store apart from v3, even in one server.
    /// </summary>
    EtcdV2,

    /// <summary>The memory of this process: for development and tests. Other processes see nothing of it.</summary>
    InMemory,
}
