using System.Collections.Concurrent;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// What <see cref="IServiceResolver.GetInstanceAsync"/> adds, from a warm catalog, to what such a call must do at least:
/// look up an array by name and pick from it.
/// </summary>
internal static class ResolveBenchmark
{
    private const int Rounds = 2_000;
    private const int CallsPerRound = 20_000;

    // Two threads both have a processor for a short while only, when others want one too.
    private const int RoundsOfTwo = Rounds / 4;
    private const int CallsPerRoundOfTwo = CallsPerRound / 4;

    public static async Task<Comparison> RunAsync()
    {
        int[] sizes = [1, 100, 10_000];
        await using var catalog = await WarmCatalog.CreateAsync(sizes);
        var arrays = new ConcurrentDictionary<string, ServiceInstance[]>(StringComparer.Ordinal);
        foreach (var size in sizes)
        {
            arrays[WarmCatalog.NameOf(size)] = [.. await catalog.Resolver.GetInstancesAsync(WarmCatalog.NameOf(size))];
        }

        ResolveCalls Calls(int size, ServiceQuery query = default) =>
            new(catalog.Resolver, arrays, WarmCatalog.NameOf(size), query);

        Console.WriteLine(Comparison.Header);
        var results = new List<Comparison>();
        foreach (var size in sizes)
        {
            results.Add(await CompareAsync(FormattableString.Invariant($"{size:N0} of {size:N0} instances"), Calls(size)));
        }

        // One more look-up than the baseline makes, so it is no goal.
        await CompareAsync("1,000 of 10,000 instances (a shard)", Calls(10_000, new() { Shard = WarmCatalog.ShardOf(0) }));

        Console.WriteLine();
        await CompareWithItselfAsync("10,000 instances against 1", Calls(10_000).Ours, Calls(1).Ours);
        await CompareWithItselfAsync("  the same of the baseline", Calls(10_000).Baseline, Calls(1).Baseline);
        await CompareTwoThreadsAsync("2 threads at once against 1", Calls(100).Ours);
        await CompareTwoThreadsAsync("  the same of the baseline", Calls(100).Baseline);
        Console.WriteLine();
        return results.MaxBy(result => result.Ratio)!;
    }

    private static async Task<Comparison> CompareAsync(string what, ResolveCalls calls)
    {
        var result = await Interleaved.CompareCallsAsync(Rounds, CallsPerRound, calls.Ours, calls.Baseline);
        var allocated = Interleaved.AllocatedPerCall(calls.Ours, 1_000_000);
        Console.WriteLine(FormattableString.Invariant($"{result.Row(what)}, {allocated} bytes allocated a call"));
        return result;
    }

    private static async Task CompareWithItselfAsync(string what, Action<int> many, Action<int> few) =>
        Console.WriteLine((await Interleaved.CompareCallsAsync(Rounds, CallsPerRound, many, few)).Row(what));

    private static async Task CompareTwoThreadsAsync(string what, Action<int> makeCalls)
    {
        using var second = new SecondThread(makeCalls);
        var result = await Interleaved.CompareAsync(
            RoundsOfTwo,
            "ns",
            () => new(second.TimePerCallBeside(CallsPerRoundOfTwo)),
            () => new(Interleaved.TimePerCall(makeCalls, CallsPerRoundOfTwo)));
        Console.WriteLine(result.Row(what));
    }
}
