namespace EtcdDiscovery.Chaos;

/// <summary>What happens to the cluster, or to a host.</summary>
internal enum FaultKind
{
    FollowerKilled,
    FollowerStopped,
    LeaderKilled,
    LeaderStopped,
    TwoStopped,
    Compaction,
    HostPaused,
    HostTerminated,
    HostKilled,
    LeaseRevoked,
    KeyDeleted,
    KeyOverwritten,
}
