namespace EtcdDiscovery;

/// <summary>What happened to an instance.</summary>
public enum ServiceChangeKind
{
    /// <summary>It is there now (Go: <c>SubscribeNew</c>).</summary>
    Up,

    /// <summary>It is gone (Go: <c>SubscribeDown</c>).</summary>
    Down,

    /// <summary>It is the same instance, with other ports, credentials or other data.</summary>
    Updated,

    /// <summary>
    /// So much happened while the reader was busy that it was not kept: the instances that take requests (on the query's
    /// shard) are those of the change's <see cref="ServiceChange.Snapshot"/> now. What follows happened after it.
    /// </summary>
    Resync,
}
