using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Why an instance went down.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceDownReason>))]
public enum ServiceDownReason
{
    /// <summary>It signed off: it is stopping, or its registration was withdrawn. On etcd v2 also: its key was deleted by hand.</summary>
    Unregistered,

    /// <summary>
    /// It vanished without signing off: its session expired or, except on etcd v2, its key was deleted by hand. A Go host whose deletion
    /// of its key was lost expires, too.
    /// </summary>
    Expired,

    /// <summary>It is in maintenance, or has a status that this version does not know.</summary>
    Maintenance,
}
