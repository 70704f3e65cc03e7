using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// An outage of etcd outlasts the leases of 1,000 hosts in five processes, which then register again at the same time: the time
/// until each is registered, and how many a reader is told to be down. The baseline sends as many requests at once, without waiting.
/// </summary>
internal static class HerdBenchmark
{
    private const string Service = "herd";
    private const int Hosts = 1_000;

    // More than twice the time to live, so that every host has given up its lease.
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(12);

    // A reader that wrongly believed in a failure would be told of it only after its protection has ended.
    private static readonly TimeSpan Aftermath = TimeSpan.FromSeconds(15);

    public static async Task<Comparison> RunAsync()
    {
        Console.WriteLine($"{"seconds until registered after etcd",-36}{"first",8}{"p50",8}{"p99",8}{"last",8}{"told down",12}");
        var restarted = await MeasureAsync("restarts with its data", server => server.KillAsync(), server => server.RestartAsync(wipe: false));
        var wiped = await MeasureAsync("restarts without its data", server => server.KillAsync(), server => server.RestartAsync(wipe: true));
        var frozen = await MeasureAsync("was frozen", Act(server => server.Pause()), Act(server => server.Continue()));
        var baseline = await RegisterAtOnceAsync();
        Console.WriteLine();
        var slowest = new[] { restarted, wiped, frozen }.Max();
        return new Comparison(slowest / baseline, slowest, baseline, "s");
    }

    private static Func<EtcdServer, Task> Act(Action<EtcdServer> act) => server =>
    {
        act(server);
        return Task.CompletedTask;
    };

    private static async Task<double> MeasureAsync(string what, Func<EtcdServer, Task> fail, Func<EtcdServer, Task> recover)
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var hosts = await ClientProcesses.StartAsync(fleet, ClientProcesses.Hosts, Service, Hosts);
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        using var ending = new CancellationTokenSource();
        var downs = CountDownsAsync(EtcdFleet.NewResolver(catalog), ending.Token);

        await fail(fleet.Server);
        await Task.Delay(Outage);
        await recover(fleet.Server);
        var back = Stopwatch.GetTimestamp();
        await Task.Delay(Aftermath);
        await ending.CancelAsync();
        var times = (await hosts.EndAsync()).Select(time => Stopwatch.GetElapsedTime(back, time).TotalSeconds).ToList();
        // A host may register while etcd's own health check still fails, but not before etcd has started.
        if (times.Min() < -Outage.TotalSeconds / 2)
        {
            throw new InvalidOperationException($"{times.Count(time => time < 0)} hosts did not register again.");
        }

        Console.WriteLine(FormattableString.Invariant(
            $"{what,-36}{times.Min(),8:F2}{Interleaved.Percentile(times, 0.5),8:F2}{Interleaved.Percentile(times, 0.99),8:F2}{times.Max(),8:F2}{await downs,12}"));
        return times.Max();
    }

    private static async Task<int> CountDownsAsync(IServiceResolver resolver, CancellationToken ending)
    {
        var count = 0;
        try
        {
            await foreach (var update in resolver.WatchAsync(Service, ending))
            {
                count += update.Changes.Count(change => change.Kind == ServiceChangeKind.Down);
            }
        }
        catch (OperationCanceledException)
        {
        }

        return count;
    }

    private static async Task<double> RegisterAtOnceAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var store = fleet.NewStore();
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Hosts).Select(async number =>
        {
            var session = await store.OpenSessionAsync(new EtcdDiscoveryOptions().TimeToLive, CancellationToken.None);
            await session.TryPutAsync([EtcdFleet.Put(Service, number)], CancellationToken.None);
        }));
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
