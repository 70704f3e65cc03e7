using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Chaos;

/// <summary>Verifies that the checks detect each kind of broken host, and report nothing about a healthy one.</summary>
internal static class SelfTest
{
    private const string Healthy = "Healthy";

    // Environment.FailFast raises SIGABRT.
    private const int FailFastExitCode = 128 + 6;

    private static readonly TimeSpan DetectionTimeout = TimeSpan.FromSeconds(30);

    private static readonly (BreakageKind Kind, string Violation)[] Expected =
    [
        (BreakageKind.RegistersTwice, "has two keys"),
        (BreakageKind.LeavesKey, "is a ghost"),
        (BreakageKind.PutsWithoutExpiry, "is missing"),
        (BreakageKind.Withdraws, "is missing"),
        (BreakageKind.ChangesId, "has another instance id"),
        (BreakageKind.Exits, ExitOf(BreakageKind.Exits, Breakage.ExitCode)),
        (BreakageKind.LeavesExceptionUnobserved, ExitOf(BreakageKind.LeavesExceptionUnobserved, FailFastExitCode)),
    ];

    /// <returns>Whether exactly the expected violations were detected.</returns>
    public static async Task<bool> RunAsync(string etcdBinary, EtcdApi api, CancellationToken stopping)
    {
        Console.WriteLine($"Chaos --self-test on {api}: runs hosts that are broken on purpose; violations are expected.");
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
            processes.Add(HostProcess.Start(Healthy, 1, cluster.Endpoints, api, logs));
            processes.AddRange(Expected.Select(expected =>
                HostProcess.Start(expected.Kind.ToString(), 1, cluster.Endpoints, api, logs, expected.Kind)));
            invariants.OnStarting(processes.SelectMany(process => process.Hosts), FaultKind.HostKilled);
            observed = observer.RunAsync(observing.Token);
            await Task.WhenAll(processes.Where(process => !ExitsUnexpectedly(process)).Select(process => process.WaitUntilReadyAsync()));
            invariants.OnFaultEnded(processes.SelectMany(process => process.Hosts), FaultKind.HostKilled);

            var leaving = processes.Single(process => process.Name == nameof(BreakageKind.LeavesKey));
            await leaving.KillAsync();
            invariants.OnSilent(leaving.Hosts);
            await WaitUntilDetectedAsync(history, stopping);
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

        var missed = Expected.Where(expected => !IsDetected(history, expected))
            .Select(expected => $"{expected.Kind}: {expected.Violation}").ToList();
        // Any abort has the exit code of FailFast, so the log must name the exception.
        if (!(await File.ReadAllTextAsync(Path.Combine(logs, $"{BreakageKind.LeavesExceptionUnobserved}.log"), stopping))
            .Contains(Breakage.UnobservedMessage, StringComparison.Ordinal))
        {
            missed.Add("the unobserved exception");
        }

        var isHealthyReported = history.Violations.Any(violation => violation.Contains(Healthy, StringComparison.Ordinal));
        var passed = missed.Count == 0 && !isHealthyReported;
        if (passed)
        {
            Directory.Delete(logs, recursive: true);
        }

        Console.WriteLine(missed.Count > 0 ? $"Not detected: {string.Join(", ", missed)}. The hosts' logs are in {logs}"
            : passed ? "All violations were detected." : $"The healthy host was reported. The hosts' logs are in {logs}");
        return passed;
    }

    private static string ExitOf(BreakageKind kind, int exitCode) => Invariants.ExitOf(kind.ToString(), exitCode);

    private static bool ExitsUnexpectedly(HostProcess process) =>
        process.Name is nameof(BreakageKind.Exits) or nameof(BreakageKind.LeavesExceptionUnobserved);

    private static async Task WaitUntilDetectedAsync(History history, CancellationToken stopping)
    {
        var end = history.Now + DetectionTimeout;
        while (history.Now < end && !Expected.All(expected => IsDetected(history, expected)))
        {
            await Task.Delay(50, stopping);
        }
    }

    private static bool IsDetected(History history, (BreakageKind Kind, string Violation) expected) =>
        history.Violations.Any(violation => violation.Contains(expected.Kind.ToString(), StringComparison.Ordinal)
            && violation.Contains(expected.Violation, StringComparison.Ordinal));
}
