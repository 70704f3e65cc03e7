namespace EtcdDiscovery.Chaos;

/// <summary>A fault of the cluster or of a host.</summary>
internal enum FaultKind
{
    FollowerKilled,
    FollowerStopped,
    LeaderKilled,
    LeaderStopped,
    TwoStopped,

    /// <summary>The keys of all hosts are deleted together; in v2, with their directory.</summary>
    AllDeleted,

    /// <summary>etcd discards all previous changes: in v3 by a compaction, in v2 by more changes than it keeps.</summary>
    HistoryForgotten,

    HostPaused,
    HostTerminated,
    HostKilled,

    /// <summary>All keys of a process vanish together: in v3 their lease is revoked, in v2 their time to live is set to 0.</summary>
    SessionEnded,

    KeyDeleted,
    KeyOverwritten,
}
