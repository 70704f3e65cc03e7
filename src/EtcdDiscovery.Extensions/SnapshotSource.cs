using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>How current a <see cref="ServiceSnapshot"/> is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<SnapshotSource>))]
public enum SnapshotSource
{
    /// <summary>A watch follows the service: changes arrive as they happen.</summary>
    Live,

    /// <summary>The store is out of reach; this is what it held last.</summary>
    Stale,

    /// <summary>
    /// The store has been out of reach since this process began to ask for the service; this was saved to
    /// <see cref="EtcdDiscoveryOptions.SnapshotDirectory"/>, perhaps by an earlier process.
    /// </summary>
    Disk,
}
