using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Whether an instance takes requests. Text in JSON.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceStatus>))]
public enum ServiceStatus
{
    /// <summary>It does.</summary>
    Serving,

    /// <summary>It is about to stop: it answers what reaches it, but is not picked any more.</summary>
    Draining,

    /// <summary>It is there but does not want requests for now.</summary>
    Maintenance,
}
