using System.Diagnostics;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Resolution;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The cost of a query, compared with reading etcd for each query as Go's library does. Same store, same data.</summary>
internal static class ResolveVsReadBenchmark
{
    private const int CallsPerRound = 20_000;

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        var resolver = EtcdFleet.NewResolver(catalog);
        Console.WriteLine(Comparison.Header);
        Comparison? last = null;
        foreach (var size in (int[])[1, 100, 1_000])
        {
            var service = $"service-of-{size}";
            await fleet.FillAsync(service, size);
            await resolver.GetInstanceAsync(service);
            last = await Interleaved.CompareAsync(
                size == 1_000 ? 100 : 400, "µs", () => OursAsync(resolver, service), () => ReadAsync(store, service));
            Console.WriteLine(FormattableString.Invariant(
                $"{size,-8:N0} instances {last.Ours,10:F3} {last.Baseline,12:F1} µs, {last.Baseline / last.Ours,10:N0} times"));
        }

        Console.WriteLine();
        return last! with { Ratio = last.Ours / last.Baseline };
    }

    private static async ValueTask<double> OursAsync(IServiceResolver resolver, string service)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < CallsPerRound; i++)
        {
            await resolver.GetInstanceAsync(service);
        }

        return Stopwatch.GetElapsedTime(start).TotalMicroseconds / CallsPerRound;
    }

    private static async ValueTask<double> ReadAsync(EtcdStore store, string service)
    {
        var start = Stopwatch.GetTimestamp();
        var reader = new EntryReader(service, NullLogger.Instance);
        var contents = await store.ReadAsync(reader.Ranges, CancellationToken.None);
        var instances = reader.Read(ServiceView.Empty, contents, keepVanished: false).View.Serving;
        _ = instances[Random.Shared.Next(instances.Count)];
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }
}
