using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Whether an instance takes requests. Text in JSON.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceStatus>))]
public enum ServiceStatus
{
    /// <summary>It takes requests.</summary>
    Serving,

    /// <summary>It is about to stop: it still answers requests that reach it, but is no longer picked.</summary>
    Draining,

    /// <summary>It is running but takes no requests for now, and is not picked.</summary>
    Maintenance,

    /// <summary>
    /// A status that this version does not know, such as one of a later version; see <see cref="ServiceInstance.UnknownStatus"/>. The
    /// instance is not picked.
    /// </summary>
    Unknown,
}
