namespace EtcdDiscovery.Chaos;

/// <summary>What happens to the cluster, or to a host.</summary>
internal enum FaultKind
{
    FollowerKilled,
    FollowerStopped,
    LeaderKilled,
    LeaderStopped,
    TwoStopped,

    /// <summary>All hosts' keys are deleted together; in v2, their directory.</summary>
    AllDeleted,

    /// <summary>etcd forgets all changes until now: a compaction; in v2, more changes than it keeps.</summary>
    HistoryForgotten,

    HostPaused,
    HostTerminated,
    HostKilled,

    /// <summary>All keys of a process vanish at once: their lease is revoked; in v2, their time to live ends.</summary>
    SessionEnded,

    KeyDeleted,
    KeyOverwritten,
}
