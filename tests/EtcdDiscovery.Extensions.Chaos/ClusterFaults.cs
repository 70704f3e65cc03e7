using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>Injects a sequence of faults, drawn from a seed, into the members of etcd.</summary>
internal sealed class ClusterFaults(EtcdCluster cluster, RawEtcd etcd, Invariants invariants, History history, int seed)
{
    private static readonly FaultKind[] Kinds =
    [
        FaultKind.FollowerKilled, FaultKind.FollowerStopped, FaultKind.LeaderKilled, FaultKind.LeaderStopped,
        FaultKind.TwoStopped, FaultKind.AllDeleted, FaultKind.HistoryForgotten,
    ];

    public async Task RunAsync(CancellationToken ending)
    {
        var draw = new FaultDraw(Kinds, seed);
        while (true)
        {
            await Task.Delay(draw.Seconds(2, 5), ending);
            await InjectAsync(draw.Kind(), draw, ending);
        }
    }

    private async Task InjectAsync(FaultKind kind, FaultDraw draw, CancellationToken ending)
    {
        // Draws all random values before it looks at the cluster, so that the schedule depends on the seed alone.
        var (other, stopped, down, paused) = (draw.Next(2), draw.Next(3), draw.Seconds(1, 3), draw.Seconds(2, 10));
        if (kind is FaultKind.AllDeleted or FaultKind.HistoryForgotten)
        {
            await InjectKeyFaultAsync(kind);
            return;
        }

        var leader = await etcd.FindLeaderAsync(ending);
        var follower = (leader + 1 + other) % cluster.Members.Count;
        switch (kind)
        {
            case FaultKind.TwoStopped:
                var two = Enumerable.Range(0, cluster.Members.Count).Where(member => member != stopped).ToList();
                await StopAsync(kind, two, Bounds.TimeToLive + TimeSpan.FromSeconds(1) + paused / 5, ending);
                break;
            case FaultKind.FollowerStopped or FaultKind.LeaderStopped:
                await StopAsync(kind, [kind == FaultKind.LeaderStopped ? leader : follower], paused, ending);
                break;
            default:
                await KillAsync(kind, kind == FaultKind.LeaderKilled ? leader : follower, down, ending);
                break;
        }
    }

    private async Task InjectKeyFaultAsync(FaultKind kind)
    {
        history.OnFault(kind, "all members");
        invariants.OnFault(kind);
        await (kind == FaultKind.AllDeleted ? etcd.DeleteAllAsync(ChildHosts.Prefix) : etcd.ForgetHistoryAsync());
        invariants.OnFaultEnded(kind);
    }

    private async Task StopAsync(FaultKind kind, List<int> members, TimeSpan time, CancellationToken ending)
    {
        invariants.OnMembersUnavailable(members.Count, kind);
        history.OnFault(kind, $"member {string.Join(" and ", members)} for {time.TotalSeconds:F1} s");
        try
        {
            members.ForEach(member => cluster.Members[member].Pause());
            await Task.Delay(time, ending);
        }
        finally
        {
            members.ForEach(member => cluster.Members[member].Continue());
            invariants.OnMembersUnavailable(0, kind);
        }
    }

    private async Task KillAsync(FaultKind kind, int member, TimeSpan time, CancellationToken ending)
    {
        invariants.OnMembersUnavailable(1, kind);
        history.OnFault(kind, $"member {member} for {time.TotalSeconds:F1} s");
        await cluster.Members[member].KillAsync();
        await Task.Delay(time, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await cluster.Members[member].RestartAsync(wipe: false);
        invariants.OnMembersUnavailable(0, kind);
    }
}
