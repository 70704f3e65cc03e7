using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The source of a <see cref="ServiceSnapshot"/>, which shows how current it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SnapshotSource>))]
public enum SnapshotSource
{
    /// <summary>The service is watched: changes arrive as they happen.</summary>
    Live,

    /// <summary>The store is unreachable; this is its last known content.</summary>
    Stale,

    /// <summary>
    /// The store has been unreachable since this process first queried the service. The snapshot was saved to
    /// <see cref="EtcdDiscoveryOptions.SnapshotDirectory"/>, perhaps by an earlier process.
    /// </summary>
    Disk,
}
