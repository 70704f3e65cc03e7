using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Why an instance went down.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceDownReason>))]
public enum ServiceDownReason
{
    /// <summary>
    /// The instance unregistered: it is stopping, or its registration was withdrawn. On etcd v2, this is also the reason if its key was
    /// deleted by hand.
    /// </summary>
    Unregistered,

    /// <summary>
    /// The instance vanished without unregistering: its session expired or, except on etcd v2, its key was deleted by hand. A Go host that
    /// fails to delete its key expires as well.
    /// </summary>
    Expired,

    /// <summary>The instance is in maintenance, or has a status that this version does not know.</summary>
    Maintenance,
}
