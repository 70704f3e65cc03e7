namespace EtcdDiscovery.Chaos;

/// <summary>The faults after which the key of a live host may be missing, and for how long. No other fault may remove a key.</summary>
/// <remarks>
/// A bound counts from the end of the fault (the key was removed, the process has resumed or started, the members are back) or,
/// if later, from the moment at which etcd answers again or a new leader has taken over. No key may be lost when a follower or
/// leader is killed, a follower is paused, or history is compacted.
/// </remarks>
internal static class Bounds
{
    /// <summary>The time to live that hosts request: the default.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an instance may outlive its process, in addition to its time to live. It counts from the exit of the process or, if
    /// later, from the moment at which etcd answers again, a new leader has taken over, or a member that was unavailable when the
    /// process exited is back: the last renewal may have been in flight to that member.
    /// </summary>
    public static readonly TimeSpan GhostSlack = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Extra time that a host may need to fail over to another member, while a member is unavailable and shortly after it fails or
    /// recovers.
    /// </summary>
    public static readonly TimeSpan FailoverTime = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How long after it resumes a former leader may still revoke leases that its successor has extended: etcd's own request
    /// timeout, 5 s and two elections, and a second to observe it (docs/operations.md, Which etcd version).
    /// </summary>
    public static readonly TimeSpan LateRevocation = TimeSpan.FromSeconds(5 + 2 + 1);

    /// <summary>The default shutdown timeout of .NET hosts, within which a terminated process must exit.</summary>
    public static readonly TimeSpan Shutdown = TimeSpan.FromSeconds(30);

    /// <summary>How long the keys of the affected hosts may be missing after a fault; null if no key may be lost.</summary>
    public static TimeSpan? Missing(FaultKind kind) => kind switch
    {
        FaultKind.HostPaused or FaultKind.SessionEnded or FaultKind.KeyDeleted or FaultKind.KeyOverwritten or FaultKind.AllDeleted =>
            TimeSpan.FromSeconds(2),
        // Counts from the start of the new process's hosts, when most of the code is not JIT-compiled yet.
        FaultKind.HostTerminated or FaultKind.HostKilled => TimeSpan.FromSeconds(5),
        // etcd cannot renew leases without a majority, and a leader that resumes may revoke leases at once.
        FaultKind.TwoStopped or FaultKind.LeaderStopped => TimeSpan.FromSeconds(3),
        _ => null,
    };
}
