using System.Text.Json.Serialization;

namespace EtcdDiscovery.Stores;

/// <summary>The optional capabilities of an <see cref="IDiscoveryStore"/>.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<StoreCapabilities>))]
public enum StoreCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>The puts of one call take effect together, at one revision. Without it they take effect one after another, as in etcd v2.</summary>
    AtomicPuts = 1,

    /// <summary>
    /// <see cref="StoreEvent.IsExpiry"/> is set, so that readers can tell an entry that expired from one that was deleted. Without
    /// it, as in etcd v3, instances mark themselves as draining before they are withdrawn.
    /// </summary>
    ExpiryEvents = 2,
}
