using System.Globalization;

namespace EtcdDiscovery.Chaos;

/// <summary>Injects a sequence of faults, drawn from a seed, into one process and its hosts.</summary>
internal sealed class HostFaults(
    int number, int hostCount, string[] endpoints, EtcdApi api, string logs, RawEtcd etcd, Invariants invariants, History history, int seed)
    : IAsyncDisposable
{
    private static readonly FaultKind[] Kinds =
    [
        FaultKind.HostPaused, FaultKind.HostTerminated, FaultKind.HostKilled,
        FaultKind.SessionEnded, FaultKind.KeyDeleted, FaultKind.KeyOverwritten,
    ];

    private volatile HostProcess? _process;
    private int _generation;

    /// <summary>The current process; null until the first has started.</summary>
    public HostProcess? Process => _process;

    /// <summary>Starts a process in place of one that a fault has ended.</summary>
    public async Task StartAsync(FaultKind instead)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"p{number}g{++_generation}");
        var process = HostProcess.Start(name, hostCount, endpoints, api, logs);
        invariants.OnStarting(process.Hosts, instead);
        _process = process;
        await process.WaitUntilReadyAsync();
        invariants.OnFaultEnded(process.Hosts, instead);
    }

    public async Task RunAsync(CancellationToken ending)
    {
        var draw = new FaultDraw(Kinds, seed);
        while (true)
        {
            await Task.Delay(draw.Seconds(1, 4), ending);
            var (kind, host, pause) = (draw.Kind(), draw.Next(hostCount), Bounds.TimeToLive + draw.Seconds(1, 4));
            // One fault at a time: a host that loses its key and then exits would not restore it.
            await WaitUntilPresentAsync(ending);
            await InjectAsync(kind, _process!, _process!.Hosts[host], pause, ending);
        }
    }

    public async Task WaitUntilPresentAsync(CancellationToken ending)
    {
        while (!_process!.Hosts.All(host => invariants.Find(host) is not null))
        {
            await Task.Delay(50, ending);
        }
    }

    public ValueTask DisposeAsync() => _process?.DisposeAsync() ?? default;

    private async Task InjectAsync(FaultKind kind, HostProcess process, string host, TimeSpan pause, CancellationToken ending)
    {
        switch (kind)
        {
            case FaultKind.HostPaused:
                await PauseAsync(process, pause, ending);
                break;
            case FaultKind.HostTerminated or FaultKind.HostKilled:
                await ReplaceAsync(kind, process);
                break;
            default:
                await InjectKeyFaultAsync(kind, process, host);
                break;
        }
    }

    private async Task PauseAsync(HostProcess process, TimeSpan time, CancellationToken ending)
    {
        history.OnFault(FaultKind.HostPaused, $"{process.Name} for {time.TotalSeconds:F1} s");
        process.Pause();
        invariants.OnSilent(process.Hosts);
        try
        {
            await Task.Delay(time, ending);
        }
        finally
        {
            process.Continue();
            invariants.OnFaultEnded(process.Hosts, FaultKind.HostPaused);
        }
    }

    private async Task ReplaceAsync(FaultKind kind, HostProcess process)
    {
        history.OnFault(kind, process.Name);
        invariants.OnEnding(process.Hosts);
        if (kind == FaultKind.HostKilled)
        {
            await process.KillAsync();
        }
        else if (!await process.TerminateAsync(Bounds.Shutdown))
        {
            history.OnViolation($"process {process.Name} did not end within {Bounds.Shutdown.TotalSeconds} s");
        }

        await process.DisposeAsync();
        invariants.OnSilent(process.Hosts);
        await StartAsync(kind);
    }

    private async Task InjectKeyFaultAsync(FaultKind kind, HostProcess process, string host)
    {
        if (invariants.Find(host) is not { } seen)
        {
            return; // A fault of the cluster has just removed it.
        }

        // All hosts of a process share its session.
        var hit = kind == FaultKind.SessionEnded ? process.Hosts : [host];
        invariants.OnFault(hit, kind);
        history.OnFault(kind, seen.Key);
        await (kind switch
        {
            FaultKind.SessionEnded => etcd.ExpireAsync([.. hit.Select(invariants.Find).OfType<SeenKey>()]),
            FaultKind.KeyDeleted => etcd.DeleteAsync(seen.Key),
            _ => etcd.OverwriteAsync(seen, Invariants.OverwrittenValue),
        });
        invariants.OnFaultEnded(hit, kind);
    }
}
