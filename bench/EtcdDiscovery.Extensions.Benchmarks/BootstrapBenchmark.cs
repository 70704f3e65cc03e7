using System.Diagnostics;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The first query for a service of 10,000 instances, compared with reading its pages and parsing the JSON.</summary>
internal static class BootstrapBenchmark
{
    private const int Rounds = 20;
    private const int Instances = 10_000;
    private const string Service = "large";

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await fleet.FillAsync(Service, Instances);
        await using var store = fleet.NewStore();
        using var client = fleet.NewClient();
        var bare = new BareReader(client);

        var held = await HeldAsync(store) / Instances;
        var result = await Interleaved.CompareAsync(Rounds, "ms", () => OursAsync(store), () => BareAsync(bare));
        Console.WriteLine(Comparison.Header);
        Console.WriteLine(result.Row("first query for 10,000 instances"));
        Console.WriteLine(FormattableString.Invariant(
            $"{held:N0} bytes are held per instance; its JSON in etcd has {EtcdFleet.Put(Service, 1).Value.Length}"));
        Console.WriteLine();
        return result;
    }

    private static async ValueTask<double> OursAsync(IDiscoveryStore store)
    {
        await using var catalog = EtcdFleet.NewCatalog(store);
        var start = Stopwatch.GetTimestamp();
        await EtcdFleet.NewResolver(catalog).GetInstanceAsync(Service);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static async ValueTask<double> BareAsync(BareReader bare)
    {
        var start = Stopwatch.GetTimestamp();
        var instances = await bare.ReadAsync($"/services/{Service}/");
        _ = instances[Random.Shared.Next(instances.Count)];
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    // The first catalog allocates what all share, so it is not measured.
    private static async Task<double> HeldAsync(IDiscoveryStore store)
    {
        const int Catalogs = 4;
        await using var first = await KnowAsync(store);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var more = new List<ServiceCatalog>();
        for (var i = 0; i < Catalogs; i++)
        {
            more.Add(await KnowAsync(store));
        }

        var held = GC.GetTotalMemory(forceFullCollection: true) - before;
        foreach (var catalog in more)
        {
            await catalog.DisposeAsync();
        }

        return (double)held / Catalogs;
    }

    private static async Task<ServiceCatalog> KnowAsync(IDiscoveryStore store)
    {
        var catalog = EtcdFleet.NewCatalog(store);
        await EtcdFleet.NewResolver(catalog).GetInstanceAsync(Service);
        return catalog;
    }
}
