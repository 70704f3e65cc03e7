using System.Text.Json.Serialization;

namespace EtcdDiscovery.Stores;

/// <summary>The optional capabilities of an <see cref="IDiscoveryStore"/>.</summary>
[Flags]
[JsonConverter(typeof(JsonStringEnumConverter<StoreCapabilities>))]
public enum StoreCapabilities
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>
    /// All puts of a call take effect together, at one revision. Without this capability, they take effect one by one, as in etcd v2.
    /// </summary>
    AtomicPuts = 1,

    /// <summary>
    /// <see cref="StoreEvent.IsExpiry"/> is set, so that readers can distinguish expired entries from deleted ones. Without this
    /// capability, as in etcd v3, instances mark themselves as draining before they are withdrawn.
    /// </summary>
    ExpiryEvents = 2,
}
