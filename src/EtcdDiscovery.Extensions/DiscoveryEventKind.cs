using System.Text.Json.Serialization;

namespace EtcdDiscovery.Diagnostics;

/// <summary>The kind of a <see cref="DiscoveryEvent"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DiscoveryEventKind>))]
public enum DiscoveryEventKind
{
    /// <summary>A service was read for the first time, from the store or from a saved snapshot.</summary>
    ServiceRead,

    /// <summary>An instance started to take requests.</summary>
    InstanceUp,

    /// <summary>The ports, credentials or other data of an instance that takes requests have changed.</summary>
    InstanceUpdated,

    /// <summary>An instance no longer takes requests.</summary>
    InstanceDown,

    /// <summary>This process stopped picking an instance for a while, because calls to it failed.</summary>
    InstanceEjected,

    /// <summary>An ejected instance may be picked again.</summary>
    EjectionEnded,

    /// <summary>A service can no longer be watched in the store. Queries return its last known state.</summary>
    StoreUnreachable,

    /// <summary>A service is watched again.</summary>
    StoreReachable,

    /// <summary>The state of a registration of this process changed.</summary>
    RegistrationChanged,
}
