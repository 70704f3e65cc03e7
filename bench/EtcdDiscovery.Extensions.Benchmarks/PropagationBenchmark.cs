using System.Diagnostics;
using EtcdDiscovery.Etcd;
using Etcdserverpb;

namespace EtcdDiscovery.Benchmarks;

/// <summary>The delay from a put until <see cref="IServiceResolver.WatchAsync"/> yields it, compared with a bare watch on the same server.</summary>
internal static class PropagationBenchmark
{
    private const int Rounds = 4_000;
    private const string Ours = "ours";
    private const string Bare = "bare";

    public static async Task<Comparison> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var store = fleet.NewStore();
        await using var catalog = EtcdFleet.NewCatalog(store);
        using var client = fleet.NewClient();
        var resolver = EtcdFleet.NewResolver(catalog);
        await fleet.FillAsync(Ours, 100);
        using var ending = new CancellationTokenSource();
        await using var updates = resolver.WatchAsync(Ours).GetAsyncEnumerator(ending.Token);
        await updates.MoveNextAsync();
        var next = updates.MoveNextAsync().AsTask();
        await using var bare = await new BareReader(client).WatchAsync("/services/bare/");

        var (ours, baseline) = (new List<double>(), new List<double>());
        for (var round = -Rounds / 4; round < Rounds; round++)
        {
            var start = Stopwatch.GetTimestamp();
            await fleet.PutAsync(EtcdFleet.Put(Ours, round & 63, round.ToString("D", null)));
            await next;
            var our = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            next = updates.MoveNextAsync().AsTask();

            start = Stopwatch.GetTimestamp();
            var seen = SeeAsync(bare);
            await fleet.PutAsync(EtcdFleet.Put(Bare, round & 63, round.ToString("D", null)));
            await seen;
            if (round >= 0)
            {
                ours.Add(our);
                baseline.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
            }
        }

        await ending.CancelAsync();
        await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return Report(ours, baseline);
    }

    private static async Task<WatchResponse> SeeAsync(EtcdStream<WatchRequest, WatchResponse> stream) =>
        await stream.ReadAsync(CancellationToken.None);

    private static Comparison Report(List<double> ours, List<double> baseline)
    {
        Console.WriteLine(Comparison.Header);
        foreach (var (name, share) in ((string, double)[])[("p50", 0.5), ("p90", 0.9), ("p99", 0.99)])
        {
            var (our, bare) = (Interleaved.Percentile(ours, share), Interleaved.Percentile(baseline, share));
            Console.WriteLine(FormattableString.Invariant($"{name,-40}{our / bare,8:F2}{our,12:F3}{bare,12:F3} ms"));
        }

        Console.WriteLine();
        var (median, bareMedian) = (Interleaved.Percentile(ours, 0.5), Interleaved.Percentile(baseline, 0.5));
        return new Comparison(median / bareMedian, median * 1000, bareMedian * 1000, "µs");
    }
}
