using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Whether an instance takes requests. Serialized as text in JSON.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceStatus>))]
public enum ServiceStatus
{
    /// <summary>The instance takes requests.</summary>
    Serving,

    /// <summary>The instance is about to stop: it still answers requests that reach it, but is no longer picked.</summary>
    Draining,

    /// <summary>The instance is running but takes no requests for now, and is not picked.</summary>
    Maintenance,

    /// <summary>
    /// A status that this version does not know, for example because a later version added it; see
    /// <see cref="ServiceInstance.UnknownStatus"/>. The instance is not picked.
    /// </summary>
    Unknown,
}
