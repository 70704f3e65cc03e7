using System.Diagnostics;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Compares two costs on a machine that is shared with other load.</summary>
/// <remarks>
/// Rounds alternate between ours and the baseline, so that other load slows down both. Rounds are many and short: a round that lost
/// the processor is an outlier, which the median ignores. Measuring one side after the other gives no reliable ratio: while builds
/// ran on the same machine, the same call took 16 ns in one second and 27 ns in another.
/// </remarks>
internal static class Interleaved
{
    /// <summary>Measures both costs once per round, in alternating order.</summary>
    /// <param name="rounds">The number of measured rounds. A quarter as many warm up first, because hot code is compiled several times.</param>
    /// <param name="unit">The unit of the costs.</param>
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

    /// <summary>Compares calls that are too short to be timed one by one, in nanoseconds per call.</summary>
    /// <param name="rounds">The number of measured rounds.</param>
    /// <param name="calls">The number of calls per round; they should take about half a millisecond.</param>
    /// <param name="ours">Makes the given number of our calls.</param>
    /// <param name="baseline">Makes the given number of the baseline's calls.</param>
    public static Task<Comparison> CompareCallsAsync(int rounds, int calls, Action<int> ours, Action<int> baseline) =>
        CompareAsync(rounds, "ns", () => new(TimePerCall(ours, calls)), () => new(TimePerCall(baseline, calls)));

    /// <summary>Returns the average time of a call in nanoseconds.</summary>
    public static double TimePerCall(Action<int> makeCalls, int calls)
    {
        var start = Stopwatch.GetTimestamp();
        makeCalls(calls);
        return Stopwatch.GetElapsedTime(start).TotalNanoseconds / calls;
    }

    /// <summary>Returns the bytes that a call allocates on this thread, on average.</summary>
    public static double AllocatedPerCall(Action<int> makeCalls, int calls)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        makeCalls(calls);
        return (double)(GC.GetAllocatedBytesForCurrentThread() - before) / calls;
    }

    /// <summary>Returns a percentile of the values.</summary>
    public static double Percentile(IReadOnlyCollection<double> values, double share) =>
        values.Order().ElementAt((int)(values.Count * share));

    /// <summary>Prints percentiles of delays in milliseconds, and compares the medians, in microseconds.</summary>
    public static Comparison ReportDelays(List<double> ours, List<double> baseline)
    {
        Console.WriteLine(Comparison.Header);
        foreach (var (name, share) in ((string, double)[])[("p50", 0.5), ("p90", 0.9), ("p99", 0.99)])
        {
            var (our, bare) = (Percentile(ours, share), Percentile(baseline, share));
            Console.WriteLine(FormattableString.Invariant($"{name,-40}{our / bare,8:F2}{our,12:F3}{bare,12:F3} ms"));
        }

        var (median, bareMedian) = (Percentile(ours, 0.5), Percentile(baseline, 0.5));
        return new Comparison(median / bareMedian, median * 1000, bareMedian * 1000, "µs");
    }

    private static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
