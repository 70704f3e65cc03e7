using System.Collections.Concurrent;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// The cost that <see cref="IServiceResolver.GetInstanceAsync"/> adds, with a warm catalog, to the minimum work of such a call: look up an
/// array by name and pick from it.
/// </summary>
internal static class ResolveBenchmark
{
    private const int Rounds = 1_000;
    private const int CallsPerRound = 20_000;

    // Short rounds: on a loaded machine, two threads both have a processor only for a short time.
    private const int CallsPerRoundOfTwo = CallsPerRound / 4;

    private static readonly int[] Sizes = [1, 100, 10_000];

    private static readonly (string Name, IInstancePicker Picker)[] OtherPickers =
    [
        (nameof(InstancePickers.RoundRobin), InstancePickers.RoundRobin),
        (nameof(InstancePickers.PowerOfTwoChoices), InstancePickers.PowerOfTwoChoices),
        (nameof(InstancePickers.First), InstancePickers.First),
    ];

    public static async Task<Comparison> RunAsync()
    {
        await using var catalog = await WarmCatalog.CreateAsync(Sizes);
        var arrays = new ConcurrentDictionary<string, ServiceInstance[]>(StringComparer.Ordinal);
        foreach (var service in catalog.Services)
        {
            arrays[service] = [.. await catalog.Resolver.GetInstancesAsync(service)];
        }

        ResolveCalls Calls(int size, ServiceQuery query = default, bool weighted = false) =>
            new(catalog.Resolver, arrays, WarmCatalog.NameOf(size, weighted), query);

        Console.WriteLine(Comparison.Header);
        var results = new List<Comparison>();
        foreach (var size in Sizes)
        {
            results.Add(await CompareAsync(FormattableString.Invariant($"{size:N0} of {size:N0} instances"), Calls(size)));
        }

        await CompareWithItselfAsync("10,000 instances vs. 1", Calls(10_000).Ours, Calls(1).Ours);
        await CompareWithItselfAsync("  same for the baseline", Calls(10_000).Baseline, Calls(1).Baseline);
        await CompareTwoThreadsAsync("2 threads vs. 1", Calls(100).Ours);
        await CompareTwoThreadsAsync("  same for the baseline", Calls(100).Baseline);

        Console.WriteLine();
        await CompareAsync("different weights, 100", Calls(100, weighted: true));
        await CompareAsync("different weights, 10,000", Calls(10_000, weighted: true));
        await CompareAsync("1,000 of 10,000 instances (a shard)", Calls(10_000, new() { Shard = WarmCatalog.ShardOf(0) }));
        await CompareAsync("1,000 of 10,000, by shard", Calls(10_000, new() { Shard = WarmCatalog.ShardOf(1) }));
        await CompareAsync("5,000 of 10,000 preferred (a zone)", Calls(10_000, new() { PreferredZone = WarmCatalog.ZoneOf(0) }));
        await CompareAsync("zone without instances", Calls(10_000, new() { PreferredZone = "nowhere" }));

        foreach (var (name, picker) in OtherPickers)
        {
            Console.WriteLine();
            foreach (var size in Sizes)
            {
                await CompareAsync(FormattableString.Invariant($"{name}, {size:N0}"), Calls(size, new() { Picker = picker }));
            }

            await CompareAsync($"{name}, weights, 100", Calls(100, new() { Picker = picker }, weighted: true));
            await CompareAsync($"{name}, weights, 10,000", Calls(10_000, new() { Picker = picker }, weighted: true));
            await CompareTwoThreadsAsync($"{name}, 2 threads vs. 1", Calls(100, new() { Picker = picker }).Ours);
        }

        Console.WriteLine();
        UriCalls.Print(catalog.Resolver, WarmCatalog.NameOf(100));
        Console.WriteLine();
        return results.MaxBy(result => result.Ratio)!;
    }

    private static async Task<Comparison> CompareAsync(string what, ResolveCalls calls)
    {
        var result = await Interleaved.CompareCallsAsync(Rounds, CallsPerRound, calls.Ours, calls.Baseline);
        var allocated = Interleaved.AllocatedPerCall(calls.Ours, 1_000_000);
        Console.WriteLine(FormattableString.Invariant($"{result.Row(what)}, {allocated} bytes allocated per call"));
        return result;
    }

    private static async Task CompareWithItselfAsync(string what, Action<int> many, Action<int> few) =>
        Console.WriteLine((await Interleaved.CompareCallsAsync(Rounds, CallsPerRound, many, few)).Row(what));

    private static async Task CompareTwoThreadsAsync(string what, Action<int> makeCalls)
    {
        using var second = new SecondThread(makeCalls);
        var result = await Interleaved.CompareAsync(
            Rounds / 2,
            "ns",
            () => new(second.TimePerCallBeside(CallsPerRoundOfTwo)),
            () => new(Interleaved.TimePerCall(makeCalls, CallsPerRoundOfTwo)));
        Console.WriteLine(result.Row(what));
    }
}
