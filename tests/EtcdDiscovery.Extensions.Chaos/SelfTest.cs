using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>Proves that the checks notice: each kind of broken host is blamed for what it does, and a sound one for nothing.</summary>
internal static class SelfTest
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private static readonly (BreakageKind Kind, string Blame)[] Expected =
    [
        (BreakageKind.RegistersTwice, "has two keys"),
        (BreakageKind.LeavesKey, "is a ghost"),
        (BreakageKind.PutsForGood, "is missing"),
        (BreakageKind.Withdraws, "is missing"),
        (BreakageKind.ChangesId, "has another instance id"),
        (BreakageKind.Dies, "has ended by itself"),
        (BreakageKind.FailsUnseen, "has ended by itself"),
    ];

    /// <returns>Whether all of them were found out.</returns>
    public static async Task<bool> RunAsync(string etcdBinary, EtcdApi api, CancellationToken stopping)
    {
        Console.WriteLine($"Chaos --self-test on {api}: hosts that are broken on purpose; violations are what it wants to see.");
        var logs = Directory.CreateTempSubdirectory("chaos-").FullName;
        var history = new History();
        var invariants = new Invariants(history, hasLeases: api == EtcdApi.V3);
        await using var cluster = await EtcdCluster.StartAsync(etcdBinary, size: 1);
        await using var etcd = await RawEtcd.OpenAsync(api, cluster);
        using var observing = new CancellationTokenSource();
        var processes = new List<HostProcess>();
        var observer = new Observer(etcd, invariants, history, () => processes);
        var observed = Task.CompletedTask;
        try
        {
            processes.Add(HostProcess.Start("Sound", 1, cluster.Endpoints, api, logs));
            processes.AddRange(Expected.Select(expected =>
                HostProcess.Start(expected.Kind.ToString(), 1, cluster.Endpoints, api, logs, expected.Kind)));
            invariants.OnStarting(processes.SelectMany(process => process.Hosts), FaultKind.HostKilled);
            observed = observer.RunAsync(observing.Token);
            await Task.WhenAll(processes.Where(process => !EndsByItself(process)).Select(process => process.ReadyAsync()));
            invariants.OnFaultEnded(processes.SelectMany(process => process.Hosts), FaultKind.HostKilled);

            var leaving = processes.Single(process => process.Name == nameof(BreakageKind.LeavesKey));
            await leaving.KillAsync();
            invariants.OnSilent(leaving.Hosts);
            await FoundOutAsync(history, stopping);
        }
        finally
        {
            await observing.CancelAsync();
            await observed;
            foreach (var process in processes)
            {
                await process.DisposeAsync();
            }
        }

        Directory.Delete(logs, recursive: true);
        var missed = Expected.Where(expected => !IsFoundOut(history, expected)).Select(expected => expected.Blame).ToList();
        var isSoundBlamed = history.Violations.Any(violation => violation.Contains("Sound", StringComparison.Ordinal));
        Console.WriteLine(missed.Count > 0 ? $"Not noticed: {string.Join(", ", missed)}."
            : isSoundBlamed ? "The sound host was blamed." : "All of it was noticed.");
        return missed.Count == 0 && !isSoundBlamed;
    }

    private static bool EndsByItself(HostProcess process) =>
        process.Name is nameof(BreakageKind.Dies) or nameof(BreakageKind.FailsUnseen);

    private static async Task FoundOutAsync(History history, CancellationToken stopping)
    {
        var end = history.Now + Patience;
        while (history.Now < end && !Expected.All(expected => IsFoundOut(history, expected)))
        {
            await Task.Delay(50, stopping);
        }
    }

    private static bool IsFoundOut(History history, (BreakageKind Kind, string Blame) expected) =>
        history.Violations.Any(violation => violation.Contains(expected.Kind.ToString(), StringComparison.Ordinal)
            && violation.Contains(expected.Blame, StringComparison.Ordinal));
}
