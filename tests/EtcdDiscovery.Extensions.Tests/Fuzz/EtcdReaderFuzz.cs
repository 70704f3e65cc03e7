using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Etcdserverpb;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Mvccpb;

namespace EtcdDiscovery.Tests.Fuzz;

/// <summary>Responses that no etcd sends cause an EtcdDiscoveryException, and neither another exception nor a call that hangs.</summary>
public sealed class EtcdReaderFuzz
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    [Fact]
    public async Task Store_ArbitraryResponses_ReturnsOrThrowsInTime()
    {
        var fuzz = new FuzzServer();
        await using var server = await GrpcTestServer.StartAsync(fuzz.ServeAsync);
        await using var store = EtcdStores.Create(Timeout, server.Endpoint);

        await FuzzRun.RunAsync(async random =>
        {
            fuzz.Random = random;
            using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await FuzzRun.AttemptAsync(() => store.ReadAsync([StoreRange.Prefix("/a"), StoreRange.Exact("/b")], ending.Token));
            await FuzzRun.AttemptSessionAsync(store, new StorePut("/a", default), ending.Token);
            await FuzzRun.AttemptAsync(async () =>
            {
                var batches = 0;
                await foreach (var batch in store.WatchAsync([StoreRange.Prefix("/a")], default, ending.Token))
                {
                    Assert.True(++batches < 1_000);
                }
            });
            Assert.False(ending.IsCancellationRequested, "A call did not complete.");
        });
    }

    private sealed class FuzzServer
    {
        // Streams and calls use Random concurrently, and it is not thread-safe.
        private readonly Lock _sync = new();

        public Random Random { get; set; } = new(0);

        public async Task ServeAsync(HttpContext context)
        {
            List<byte[]> frames;
            string? contentType;
            lock (_sync)
            {
                var message = Plausible(context.Request.Path.Value!.Split('/')[^1]);
                frames = [.. Enumerable.Range(0, Random.Next(1, 4)).Select(_ => Frame(message))];
                contentType = Random.Next(20) == 0 ? "text/html" : "application/grpc";
            }

            context.Response.ContentType = contentType;
            foreach (var frame in frames)
            {
                await context.Response.Body.WriteAsync(frame);
            }

            await context.Response.Body.FlushAsync();
            lock (_sync)
            {
                if (Random.Next(10) > 0)
                {
                    context.Response.AppendTrailer("grpc-status", Random.Next(5) == 0 ? $"{Random.Next(20)}" : "0");
                }
            }
        }

        private byte[] Frame(IMessage message)
        {
            var bytes = message.ToByteArray();
            var frame = GrpcTestServer.Frame(Random.Next(3) == 0 ? bytes : FuzzRun.Mutate(Random, bytes));
            return Random.Next(8) == 0 ? FuzzRun.Mutate(Random, frame) : frame;
        }

        private IMessage Plausible(string method) => method switch
        {
            "Txn" => new TxnResponse
            {
                Header = Header(),
                Succeeded = Random.Next(2) == 0,
                Responses = { new ResponseOp { ResponseRange = Range() }, new ResponseOp { ResponseRange = Random.Next(3) == 0 ? null : Range() } },
            },
            "Range" => Range(),
            "LeaseGrant" => new LeaseGrantResponse { ID = Random.NextInt64(), TTL = Random.Next(4) == 0 ? Random.NextInt64(long.MinValue, long.MaxValue) : 5 },
            "LeaseKeepAlive" => new LeaseKeepAliveResponse { ID = Random.Next(2), TTL = Random.Next(-1, 6) },
            "Watch" => new WatchResponse
            {
                Header = Header(),
                WatchId = Random.Next(-1, 3),
                Created = Random.Next(2) == 0,
                Canceled = Random.Next(6) == 0,
                Fragment = Random.Next(2) == 0,
                CompactRevision = Random.Next(6) == 0 ? 7 : 0,
                Events = { new Event { Kv = Random.Next(3) == 0 ? null : Pair() }, new Event { Kv = Pair() } },
            },
            _ => new LeaseRevokeResponse(),
        };

        private ResponseHeader? Header() => Random.Next(5) == 0 ? null : new() { Revision = Random.NextInt64(-5, 100), ClusterId = 9 };

        private RangeResponse Range() => new()
        {
            Header = Header(),
            More = Random.Next(2) == 0,
            Kvs = { Enumerable.Range(0, Random.Next(3)).Select(_ => Pair()) },
        };

        private KeyValue Pair() => new()
        {
            Key = ByteString.CopyFromUtf8($"/a{Random.Next(10)}"),
            Value = ByteString.CopyFromUtf8("{}"),
            ModRevision = Random.NextInt64(-5, 100),
        };
    }
}
