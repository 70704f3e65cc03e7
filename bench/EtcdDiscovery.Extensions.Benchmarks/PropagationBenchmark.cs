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
        var result = Interleaved.ReportDelays(ours, baseline);
        Console.WriteLine();
        return result;
    }

    private static async Task<WatchResponse> SeeAsync(EtcdStream<WatchRequest, WatchResponse> stream) =>
        await stream.ReadAsync(CancellationToken.None);
}
