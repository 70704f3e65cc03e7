using System.Text.Json.Serialization;

namespace EtcdDiscovery.Diagnostics;

/// <summary>What happened in a <see cref="DiscoveryEvent"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiscoveryEventKind>))]
public enum DiscoveryEventKind
{
    /// <summary>A service was read for the first time, from the store or from a saved snapshot.</summary>
    ServiceRead,

    /// <summary>An instance takes requests now.</summary>
    InstanceUp,

    /// <summary>An instance that takes requests has other ports, credentials or other data now.</summary>
    InstanceUpdated,

    /// <summary>An instance takes no requests any more.</summary>
    InstanceDown,

    /// <summary>This process does not pick an instance for a while, because calls to it failed.</summary>
    InstanceEjected,

    /// <summary>An ejected instance may be picked again.</summary>
    EjectionEnded,

    /// <summary>A service cannot be followed in the store; the last known answer is served.</summary>
    StoreUnreachable,

    /// <summary>A service is followed again.</summary>
    StoreReachable,

    /// <summary>The state of a registration of this process changed.</summary>
    RegistrationChanged,
}
