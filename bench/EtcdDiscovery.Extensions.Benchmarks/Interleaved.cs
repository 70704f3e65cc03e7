using System.Diagnostics;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Compares two costs on a machine that others use as well.</summary>
/// <remarks>
/// Ours and the baseline are measured by turns, so that whatever slows the machine down slows both. Rounds are many and
/// short: one that lost the processor is an outlier, which the medians ignore. Measuring one side after the other gives
/// no ratio: where builds ran besides, the same call took 16 ns in one second and 27 ns in another.
/// </remarks>
internal static class Interleaved
{
    /// <summary>Measures both costs once a round, in alternating order.</summary>
    /// <param name="rounds">How many rounds count. A quarter as many go before: hot code is compiled several times.</param>
    /// <param name="unit">The costs' unit.</param>
    /// <param name="ours">Measures our cost once.</param>
    /// <param name="baseline">Measures the baseline's cost once.</param>
    public static async Task<Comparison> CompareAsync(
        int rounds, string unit, Func<ValueTask<double>> ours, Func<ValueTask<double>> baseline)
    {
        var costs = new List<(double Ours, double Baseline)>();
        for (var round = -rounds / 4; round < rounds; round++)
        {
            var early = round % 2 == 0 ? await ours() : 0;
            var theirs = await baseline();
            var our = round % 2 == 0 ? early : await ours();
            if (round >= 0)
            {
                costs.Add((our, theirs));
            }
        }

        return new Comparison(
            Median(costs.Select(cost => cost.Ours / cost.Baseline)),
            Median(costs.Select(cost => cost.Ours)),
            Median(costs.Select(cost => cost.Baseline)),
            unit);
    }

    /// <summary>Compares two kinds of calls too short to be timed one by one, in nanoseconds a call.</summary>
    /// <param name="rounds">How many rounds count.</param>
    /// <param name="calls">How many calls a round; together about as long as half a millisecond.</param>
    /// <param name="ours">Makes a number of our calls.</param>
    /// <param name="baseline">Makes a number of the baseline's calls.</param>
    public static Task<Comparison> CompareCallsAsync(int rounds, int calls, Action<int> ours, Action<int> baseline) =>
        CompareAsync(rounds, "ns", () => new(TimePerCall(ours, calls)), () => new(TimePerCall(baseline, calls)));

    /// <summary>The nanoseconds that each of a number of calls takes.</summary>
    public static double TimePerCall(Action<int> makeCalls, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        makeCalls(calls);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls;
    }

    /// <summary>The bytes that each of a number of calls allocates on this thread.</summary>
    public static double AllocatedPerCall(Action<int> makeCalls, int calls)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        makeCalls(calls);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / calls;
    }

    /// <summary>The value that a share of the values stays below.</summary>
    public static double Percentile(IReadOnlyCollection<double> values, double share) =>
        values.Order().ElementAt((int)(values.Count * share));

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
