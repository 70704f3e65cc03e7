using System.Diagnostics;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// One process holds 100,000 instances of 1,000 services: the time until all are known, compared with a bare read of all keys, the
/// memory, and the processor time while nothing changes.
/// </summary>
internal static class FleetBenchmark
{
    private const int Services = 1_000;
    private const int InstancesPerService = 100;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(30);

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        foreach (var chunk in Enumerable.Range(0, Services).Chunk(20))
        {
            await Task.WhenAll(chunk.Select(number => fleet.FillAsync(NameOf(number), InstancesPerService)));
        }

        // Warms up both sides.
        using var client = fleet.NewClient();
        var bare = new BareReader(client);
        await using var store = fleet.NewStore();
        await (await KnowAsync(store, Services / 10)).Catalog.DisposeAsync();
        await bare.ReadAsync("/services/service-00");

        var before = GC.GetTotalMemory(forceFullCollection: true);
        var (catalog, ours) = await KnowAsync(store, Services);
        await using var ending = catalog;
        var held = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1_000_000.0;
        var start = Stopwatch.GetTimestamp();
        await bare.ReadAsync("/services/");
        var baseline = Stopwatch.GetElapsedTime(start).TotalMilliseconds;

        Console.WriteLine(Comparison.Header);
        var result = new Comparison(ours / baseline, ours, baseline, "ms");
        Console.WriteLine(result.Row("all of 1,000 services resolved"));
        Console.WriteLine(FormattableString.Invariant(
            $"{held:F0} MB held, {held * 1_000_000 / Services / InstancesPerService:N0} bytes per instance"));
        Console.WriteLine(FormattableString.Invariant($"{await IdleProcessorAsync():F2} % of one core while nothing changes"));
        Console.WriteLine();
        return result;
    }

    private static async Task<(ServiceCatalog Catalog, double Milliseconds)> KnowAsync(IDiscoveryStore store, int services)
    {
        var catalog = EtcdFleet.NewCatalog(store);
        var resolver = EtcdFleet.NewResolver(catalog);
        var start = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, services).Select(number => resolver.GetInstanceAsync(NameOf(number)).AsTask()));
        return (catalog, Stopwatch.GetElapsedTime(start).TotalMilliseconds);
    }

    private static string NameOf(int number) => FormattableString.Invariant($"service-{number:D4}");

    private static async Task<double> IdleProcessorAsync()
    {
        using var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        await Task.Delay(Idle);
        process.Refresh();
        return 100 * (process.TotalProcessorTime - before) / Idle;
    }
}
