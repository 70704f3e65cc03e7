using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>The whole run: a cluster, processes with hosts, faults for all of them at the same time, and the checks.</summary>
internal static class ChaosRun
{
    private const int ProcessCount = 4;
    private const int HostsPerProcess = 5;

    /// <returns>Whether nothing was violated.</returns>
    public static async Task<bool> RunAsync(string etcdBinary, int seed, TimeSpan time, CancellationToken stopping)
    {
        Console.WriteLine($"Chaos with --seed {seed} for {time.TotalSeconds:F0} s: "
            + $"{ProcessCount * HostsPerProcess} hosts in {ProcessCount} processes, 3 members of etcd ({etcdBinary}).");
        var logs = Directory.CreateTempSubdirectory("chaos-").FullName;
        var history = new History();
        var invariants = new Invariants(history);
        await using var cluster = await EtcdCluster.StartAsync(etcdBinary);
        await using var etcd = new RawEtcd(cluster.Endpoints);
        var hosts = Enumerable.Range(1, ProcessCount).Select(number => new HostFaults(
            number, HostsPerProcess, cluster.Endpoints, logs, etcd, invariants, history, seed * 10 + number)).ToList();
        try
        {
            await RunAsync(cluster, etcd, hosts, invariants, history, seed, time, stopping);
        }
        finally
        {
            foreach (var host in hosts)
            {
                await host.DisposeAsync();
            }
        }

        history.PrintTable();
        if (history.Violations.Count == 0)
        {
            Directory.Delete(logs, recursive: true);
            return true;
        }

        Console.WriteLine($"The hosts' logs are in {logs}; the same faults again: --seed {seed}");
        return false;
    }

    private static async Task RunAsync(
        EtcdCluster cluster, RawEtcd etcd, List<HostFaults> hosts, Invariants invariants, History history,
        int seed, TimeSpan time, CancellationToken stopping)
    {
        using var observing = new CancellationTokenSource();
        using var injecting = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var observer = new Observer(etcd, invariants, history, () => [.. hosts.Select(host => host.Process).OfType<HostProcess>()]);
        var observed = observer.RunAsync(observing.Token);
        try
        {
            await Task.WhenAll(hosts.Select(host => host.StartAsync(FaultKind.HostKilled)));
            await Task.WhenAll(hosts.Select(host => host.PresentAsync(stopping)));
            history.Say("all hosts are registered");
            injecting.CancelAfter(time);
            var faults = new ClusterFaults(cluster, etcd, invariants, history, seed);
            await InjectAsync([faults.RunAsync(injecting.Token), .. hosts.Select(host => host.RunAsync(injecting.Token))], injecting);
            history.Say("all faults are over");
            // Whatever is late, or a ghost, has to show.
            await Task.Delay(Bounds.TimeToLive + Bounds.GhostSlack + TimeSpan.FromSeconds(2), stopping);
        }
        finally
        {
            await observing.CancelAsync();
            await observed;
        }
    }

    // Each kind of fault goes on until the time is up; should one fail, the others end as well.
    private static async Task InjectAsync(IReadOnlyList<Task> faults, CancellationTokenSource injecting)
    {
        var first = await Task.WhenAny(faults);
        await injecting.CancelAsync();
        await Task.WhenAll(faults).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!first.IsCanceled)
        {
            await first;
        }
    }
}
