namespace EtcdDiscovery.Chaos;

/// <summary>Checks etcd and the processes ten times a second.</summary>
internal sealed class Observer(RawEtcd etcd, Invariants invariants, History history, Func<IReadOnlyList<HostProcess>> processes)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(0.1);

    public async Task RunAsync(CancellationToken ending)
    {
        using var timer = new PeriodicTimer(Interval);
        var last = history.Now;
        while (!ending.IsCancellationRequested)
        {
            var asked = history.Now;
            history.OnObservation(asked - last);
            last = asked;
            if (await etcd.ReadAsync(ChildHosts.Prefix) is var (term, keys))
            {
                invariants.Check(asked, history.Now, term, keys);
            }
            else
            {
                invariants.OnNoAnswer();
            }

            foreach (var process in processes())
            {
                if (process.TryDetectExit(out var exitCode))
                {
                    invariants.OnUnexpectedExit(process.Name, exitCode);
                }
            }

            await timer.WaitForNextTickAsync(CancellationToken.None);
        }
    }
}
