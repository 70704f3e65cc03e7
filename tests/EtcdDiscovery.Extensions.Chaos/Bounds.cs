namespace EtcdDiscovery.Chaos;

/// <summary>How long a live host's key may be missing, and for which reasons. Everything else has to leave it there.</summary>
/// <remarks>
/// A bound counts from the fault's end (the key was taken, the process goes on or has started, the members are back) or,
/// when later, from the moment that etcd answers again or another leader has taken over. Followers and leaders that die,
/// followers that freeze, and forgotten history excuse nothing: no key may be lost by them.
/// </remarks>
internal static class Bounds
{
    /// <summary>The time to live that hosts ask for: the default.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long an instance may outlive its process, beyond its time to live. It counts from the process's stop or, when
    /// later, from the moment that etcd answers again, another leader has taken over, or the member goes on that was out
    /// when the process stopped: the process's last renewal may have been under way to it.
    /// </summary>
    public static readonly TimeSpan GhostSlack = TimeSpan.FromSeconds(2);

    /// <summary>
    /// While a member is out, and shortly after it went or came, a host may have to find another member before it can do
    /// anything else.
    /// </summary>
    public static readonly TimeSpan FindsAnotherMember = TimeSpan.FromSeconds(3);

    /// <summary>
    /// For how long after it went on a leader may still revoke leases that another one has extended: etcd's own request
    /// timeout, 5 s and two elections, and a second to see it (docs/operations.md, Which etcd version).
    /// </summary>
    public static readonly TimeSpan LateRevocation = TimeSpan.FromSeconds(5 + 2 + 1);

    /// <summary>A host's shutdown timeout, as .NET sets it: by then a terminated process has to have ended.</summary>
    public static readonly TimeSpan Shutdown = TimeSpan.FromSeconds(30);

    /// <summary>How long the hosts that a fault hits may be missing after it; null when it may cost no key.</summary>
    public static TimeSpan? Missing(FaultKind kind) => kind switch
    {
        FaultKind.HostPaused or FaultKind.SessionEnded or FaultKind.KeyDeleted or FaultKind.KeyOverwritten or FaultKind.AllDeleted =>
            TimeSpan.FromSeconds(2),
        // From when the new process's hosts have started; it has yet to compile most of its code.
        FaultKind.HostTerminated or FaultKind.HostKilled => TimeSpan.FromSeconds(5),
        // etcd cannot renew without a majority. And a leader that goes on may revoke leases at once.
        FaultKind.TwoStopped or FaultKind.LeaderStopped => TimeSpan.FromSeconds(3),
        _ => null,
    };
}
