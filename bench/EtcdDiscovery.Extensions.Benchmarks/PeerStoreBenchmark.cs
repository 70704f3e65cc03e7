using System.Diagnostics;
using System.Text;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using PeerClient = dotnet_etcd.EtcdClient;

namespace EtcdDiscovery.Benchmarks;

/// <summary>Operations of the v3 store on a real etcd, compared with those of dotnet-etcd's own client: the median of single calls.</summary>
internal static class PeerStoreBenchmark
{
    private const int Rounds = 400;

    private static readonly byte[] Value = Encoding.UTF8.GetBytes(new string('v', 300));

    public static async Task<IReadOnlyList<(string What, Comparison Result)>> RunAsync()
    {
        await using var fleet = await EtcdFleet.StartAsync();
        await using var store = fleet.NewStore();
        using var peer = new PeerClient(
            fleet.Server.Endpoint, configureChannelOptions: options => options.Credentials = ChannelCredentials.Insecure);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromHours(1), CancellationToken.None);
        var lease = (await peer.LeaseGrantAsync(new LeaseGrantRequest { TTL = 3600 })).ID;
        var put = new PutRequest { Key = ByteString.CopyFromUtf8("/theirs/a"), Value = ByteString.CopyFrom(Value), Lease = lease };
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8("/theirs/"), RangeEnd = ByteString.CopyFromUtf8("/theirs0") };
        Console.WriteLine(Comparison.Header);
        var results = new List<(string What, Comparison Result)>
        {
            await CompareAsync(
                "put",
                () => session.TryPutAsync([new StorePut("/ours/a", Value)], CancellationToken.None),
                () => peer.PutAsync(put)),
            await CompareAsync(
                "range",
                () => store.ReadAsync([StoreRange.Prefix("/ours/")], CancellationToken.None),
                () => peer.GetAsync(range)),
            await CompareAsync(
                "keep-alive",
                () => session.RenewAsync(CancellationToken.None),
                () => KeepAliveAsync(peer, lease)),
            await CompareWatchesAsync(store, session, peer),
        };
        Console.WriteLine();
        return results;
    }

    private static async Task<(string What, Comparison Result)> CompareAsync(string what, Func<Task> ours, Func<Task> theirs)
    {
        var result = await Interleaved.CompareAsync(Rounds, "µs", () => TimeAsync(ours), () => TimeAsync(theirs));
        Console.WriteLine(result.Row(what));
        return (what, result);
    }

    // Both watch the same key, so each put is one change for either.
    private static async Task<(string What, Comparison Result)> CompareWatchesAsync(EtcdStore store, IDiscoverySession session, PeerClient peer)
    {
        const string key = "/watched/a";
        using var ending = new CancellationTokenSource();
        var revision = (await session.TryPutAsync([new StorePut(key, Value)], CancellationToken.None))!.Value;
        var seen = new SemaphoreSlim(0);
        var peerSeen = new SemaphoreSlim(0);
        var watching = Task.Run(async () =>
        {
            await foreach (var batch in store.WatchAsync([StoreRange.Exact(key)], revision, ending.Token))
            {
                Release(seen, batch.Events.Count);
            }
        });
        _ = peer.WatchAsync(
            new WatchRequest { CreateRequest = new WatchCreateRequest { Key = ByteString.CopyFromUtf8(key) } },
            (WatchResponse response) => Release(peerSeen, response.Events.Count),
            cancellationToken: ending.Token);
        // Until both watch.
        do
        {
            await session.TryPutAsync([new StorePut(key, Value)], CancellationToken.None);
            await seen.WaitAsync();
        }
        while (!await peerSeen.WaitAsync(TimeSpan.FromMilliseconds(500)));

        async ValueTask<double> MeasureAsync(SemaphoreSlim mine, SemaphoreSlim other)
        {
            var start = Stopwatch.GetTimestamp();
            await session.TryPutAsync([new StorePut(key, Value)], CancellationToken.None);
            await mine.WaitAsync();
            var time = Stopwatch.GetElapsedTime(start).TotalMicroseconds;
            await other.WaitAsync();
            return time;
        }

        var result = await Interleaved.CompareAsync(Rounds, "µs", () => MeasureAsync(seen, peerSeen), () => MeasureAsync(peerSeen, seen));
        const string what = "put until a watch reports it";
        Console.WriteLine(result.Row(what));
        await ending.CancelAsync();
        await watching.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return (what, result);
    }

    private static void Release(SemaphoreSlim seen, int changes)
    {
        if (changes > 0)
        {
            seen.Release(changes);
        }
    }

    private static async Task KeepAliveAsync(PeerClient peer, long lease)
    {
        using var answered = new CancellationTokenSource();
        var first = new TaskCompletionSource();
        var keeping = peer.LeaseKeepAlive(new LeaseKeepAliveRequest { ID = lease }, _ => first.TrySetResult(), answered.Token);
        await first.Task;
        await answered.CancelAsync();
        await keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private static async ValueTask<double> TimeAsync(Func<Task> callAsync)
    {
        var start = Stopwatch.GetTimestamp();
        await callAsync();
        return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
    }
}
