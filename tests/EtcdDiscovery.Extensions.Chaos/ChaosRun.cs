using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>Runs a cluster and processes with hosts, injects faults into all of them concurrently, and checks the invariants.</summary>
internal static class ChaosRun
{
    private const int ProcessCount = 4;
    private const int HostsPerProcess = 5;

    private static readonly TimeSpan PresenceTimeout = TimeSpan.FromSeconds(60);

    /// <returns>Whether no invariant was violated and the suite itself did not fail.</returns>
    public static async Task<bool> RunAsync(string etcdBinary, EtcdApi api, int seed, TimeSpan time, CancellationToken stopping)
    {
        Console.WriteLine($"Chaos on {api} with --seed {seed} for {time.TotalSeconds:F0} s: "
            + $"{ProcessCount * HostsPerProcess} hosts in {ProcessCount} processes, 3 members of etcd ({etcdBinary}).");
        var logs = Directory.CreateTempSubdirectory("chaos-").FullName;
        var history = new History();
        var invariants = new Invariants(history, hasLeases: api == EtcdApi.V3);
        await using var cluster = await EtcdCluster.StartAsync(etcdBinary);
        await using var etcd = await RawEtcd.OpenAsync(api, cluster);
        var hosts = Enumerable.Range(1, ProcessCount).Select(number => new HostFaults(
            number, HostsPerProcess, cluster.Endpoints, api, logs, etcd, invariants, history, seed * 10 + number)).ToList();
        try
        {
            await RunAsync(cluster, etcd, hosts, invariants, history, seed, time, stopping);
        }
        catch (Exception error) when (!stopping.IsCancellationRequested)
        {
            history.OnFailure(error);
        }
        finally
        {
            foreach (var host in hosts)
            {
                await host.DisposeAsync();
            }

            history.PrintTable();
        }

        if (history.IsClean)
        {
            Directory.Delete(logs, recursive: true);
            return true;
        }

        Console.WriteLine($"The hosts' logs are in {logs}; to repeat the same faults: --seed {seed}");
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
            await WaitUntilAllPresentAsync(hosts, stopping);
            history.Log("all hosts are registered");
            injecting.CancelAfter(time);
            var faults = new ClusterFaults(cluster, etcd, invariants, history, seed);
            await InjectAsync(
                observed, [faults.RunAsync(injecting.Token), .. hosts.Select(host => host.RunAsync(injecting.Token))], injecting);
            history.Log("all faults have ended");
            // Late keys and ghosts must become visible.
            await Task.Delay(Bounds.TimeToLive + Bounds.GhostSlack + TimeSpan.FromSeconds(2), stopping);
            // Without keys the checks could not detect a violation.
            await WaitUntilAllPresentAsync(hosts, stopping);
        }
        finally
        {
            await observing.CancelAsync();
            await observed;
        }
    }

    private static async Task WaitUntilAllPresentAsync(List<HostFaults> hosts, CancellationToken stopping)
    {
        try
        {
            await Task.WhenAll(hosts.Select(host => host.WaitUntilPresentAsync(stopping))).WaitAsync(PresenceTimeout, stopping);
        }
        catch (TimeoutException)
        {
            throw new InvalidOperationException($"Some hosts have no key in etcd after {PresenceTimeout.TotalSeconds:F0} s.");
        }
    }

    // Faults are injected until the time is up, or until an injector or the observer fails.
    private static async Task InjectAsync(Task observed, IReadOnlyList<Task> faults, CancellationTokenSource injecting)
    {
        await Task.WhenAny([observed, .. faults]);
        await injecting.CancelAsync();
        await Task.WhenAll(faults).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        // Also reports injectors that failed during cancellation.
        await Task.WhenAll([.. faults.Where(fault => fault.IsFaulted), .. observed.IsFaulted ? [observed] : Array.Empty<Task>()]);
    }
}
