using System.Diagnostics;
using System.Globalization;
using EtcdDiscovery.Etcd;
using Etcdserverpb;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The cost of following a service with 1,000 changes per second for 30 seconds, compared with a bare watch that parses the same
/// changes: processor time, allocations and delay. Several sizes show how the cost grows.
/// </summary>
internal static class ChurnBenchmark
{
    private const int ChangesPerSecond = 1_000;

    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(30);

    public static async Task<Comparison> RunAsync()
    {
        Console.WriteLine($"{"",-24}{"one core",12}{"allocated",14}{"p50",10}{"p99",10}{"changes",12}");
        Cost? bare = null, ours = null;
        foreach (var size in (int[])[1_000, 10_000, 40_000])
        {
            await using var fleet = await EtcdFleet.StartAsync();
            var service = $"churn-{size}";
            await fleet.FillAsync(service, size);
            using var writer = ChurnWriter.Start(fleet, service, size, ChangesPerSecond);
            var bareCost = await MeasureBareAsync(fleet, service);
            var ourCost = await MeasureOursAsync(fleet, service);
            writer.StandardInput.Close();
            await writer.WaitForExitAsync();
            Console.WriteLine(bareCost.Row($"{size:N0}, bare watch"));
            Console.WriteLine(ourCost.Row($"{size:N0}, ours"));
            (bare, ours) = size == 10_000 ? (bareCost, ourCost) : (bare, ours);
        }

        Console.WriteLine();
        return new Comparison(ours!.Processor / bare!.Processor, ours.Processor, bare.Processor, "%-of-one-core");
    }

    private static async Task<Cost> MeasureBareAsync(EtcdFleet fleet, string service)
    {
        using var client = fleet.NewClient();
        await using var stream = await new BareReader(client).WatchAsync($"/services/{service}/");
        return await Cost.MeasureAsync(Duration, (delays, ending) => FollowAsync(stream, delays, ending));
    }

    private static async Task<Cost> MeasureOursAsync(EtcdFleet fleet, string service)
    {
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        var resolver = EtcdFleet.NewResolver(catalog);
        await resolver.GetInstanceAsync(service);
        return await Cost.MeasureAsync(Duration, (delays, ending) => FollowAsync(resolver, service, delays, ending));
    }

    private static async Task FollowAsync(
        EtcdStream<WatchRequest, WatchResponse> stream, List<double> delays, CancellationToken ending)
    {
        while (true)
        {
            var response = await stream.ReadAsync(ending);
            foreach (var change in response.Events)
            {
                Note(delays, BareReader.Parse(change.Kv.Value).Metadata!["stamp"]);
            }
        }
    }

    private static async Task FollowAsync(
        IServiceResolver resolver, string service, List<double> delays, CancellationToken ending)
    {
        // The first update lists the instances that were already present.
        await foreach (var change in resolver.WatchAsync(service, ending).Skip(1).SelectMany(update => update.Changes))
        {
            Note(delays, change.Instance.Metadata!["stamp"]);
        }
    }

    private static void Note(List<double> delays, string stamp) => delays.Add(
        Stopwatch.GetElapsedTime(long.Parse(stamp, CultureInfo.InvariantCulture)).TotalMilliseconds);

    private sealed record Cost(double Processor, double Allocated, double Median, double Slowest, double Changes)
    {
        public static async Task<Cost> MeasureAsync(TimeSpan duration, Func<List<double>, CancellationToken, Task> followAsync)
        {
            using var process = Process.GetCurrentProcess();
            using var ending = new CancellationTokenSource();
            var delays = new List<double>(ChangesPerSecond * 60);
            var following = followAsync(delays, ending.Token);
            await Task.Delay(TimeSpan.FromSeconds(5)); // Waits for tiered compilation of the hot code.
            var (first, processor, allocated) = (delays.Count, Refresh(process), GC.GetTotalAllocatedBytes());
            await Task.Delay(duration);
            var (last, used, bytes) = (delays.Count, Refresh(process) - processor, GC.GetTotalAllocatedBytes() - allocated);
            await ending.CancelAsync();
            await following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var measured = delays[first..last];
            return new Cost(
                100 * used / duration,
                bytes / duration.TotalSeconds / 1_000_000,
                Interleaved.Percentile(measured, 0.5),
                Interleaved.Percentile(measured, 0.99),
                measured.Count / duration.TotalSeconds);
        }

        public string Row(string what) => FormattableString.Invariant(
            $"{what,-24}{Processor,10:F1} %{Allocated,10:F1} MB/s{Median,7:F2} ms{Slowest,7:F2} ms{Changes,10:F0}/s");

        private static TimeSpan Refresh(Process process)
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }
}
