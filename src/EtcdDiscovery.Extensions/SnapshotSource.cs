namespace EtcdDiscovery;

/// <summary>How current a <see cref="ServiceSnapshot"/> is.</summary>
public enum SnapshotSource
{
    /// <summary>A watch follows the service: changes arrive as they happen.</summary>
    Live,

    /// <summary>The store is out of reach; this is what it held last.</summary>
    Stale,
}
