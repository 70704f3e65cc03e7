using System.Globalization;
using System.Text;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.EtcdV2;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EtcdDiscovery.Tests.Fuzz;

/// <summary>Responses that no v2 API sends cause an EtcdDiscoveryException, and neither another exception nor a call that hangs.</summary>
public sealed class V2ReaderFuzz
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMilliseconds(300);

    private static readonly int[] Statuses = [200, 200, 200, 201, 204, 307, 400, 401, 403, 404, 412, 500, 503];

    [Fact]
    public async Task Store_ArbitraryResponses_ReturnsOrThrowsInTime()
    {
        var fuzz = new FuzzServer();
        await using var server = await GrpcTestServer.StartAsync(fuzz.ServeAsync, HttpProtocols.Http1);
        await using var store = EtcdV2Stores.Create(Timeout, server.Endpoint);

        await FuzzRun.RunAsync(async random =>
        {
            fuzz.Random = random;
            using var ending = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            await FuzzRun.AttemptAsync(() => store.ReadAsync([StoreRange.Prefix("/a/"), StoreRange.Exact("/b")], ending.Token));
            await FuzzRun.AttemptSessionAsync(store, new StorePut("/a/b", default) { ExpectedRevision = 3 }, ending.Token);
            await FuzzRun.AttemptAsync(async () =>
            {
                var batches = 0;
                await foreach (var batch in store.WatchAsync([StoreRange.Prefix("/a/")], new StoreRevision(5, 0xc1), ending.Token))
                {
                    // Valid responses never end the watch.
                    if (++batches == 100)
                    {
                        break;
                    }
                }
            });
            Assert.False(ending.IsCancellationRequested, "A call did not complete.");
        });
    }

    private sealed class FuzzServer
    {
        // Polls and calls use Random concurrently, and it is not thread-safe.
        private readonly Lock _sync = new();

        public Random Random { get; set; } = new(0);

        public async Task ServeAsync(HttpContext context)
        {
            byte[] body;
            lock (_sync)
            {
                context.Response.StatusCode = Statuses[Random.Next(Statuses.Length)];
                context.Response.ContentType = Random.Next(10) == 0 ? "text/html" : "application/json";
                if (Random.Next(6) > 0)
                {
                    context.Response.Headers["X-Etcd-Index"] = Index();
                    context.Response.Headers["X-Etcd-Cluster-Id"] = Random.Next(6) == 0 ? "not hexadecimal" : "c1";
                }

                var plausible = Encoding.UTF8.GetBytes(Random.Next(3) == 0 ? Error() : Success());
                body = context.Response.StatusCode == 204 ? []
                    : Random.Next(3) == 0 ? plausible
                    : FuzzRun.Mutate(Random, plausible);
            }

            await context.Response.Body.WriteAsync(body);
        }

        private string Index() => Random.Next(8) == 0
            ? "99999999999999999999999"
            : Random.Next(-3, 40).ToString(CultureInfo.InvariantCulture);

        private string Error() => $$"""{"errorCode":{{Random.Next(99, 402)}},"message":"m","cause":"c","index":{{Index()}}}""";

        private string Success() =>
            $$"""{"action":"{{Pick("get", "set", "create", "delete", "expire", "update", "unknown")}}","node":{{Node(3)}},"prevNode":{{Node(1)}}}""";

        private string Node(int depth)
        {
            var children = string.Join(',', Enumerable.Range(0, depth == 0 ? 0 : Random.Next(4)).Select(_ => Node(depth - 1)));
            var content = children.Length > 0
                ? $"\"dir\":true,\"nodes\":[{children}]"
                : $"\"value\":{Pick("\"{}\"", "null", "3", "\"\\ud800\"")}";
            return $$"""{"key":"/a{{Pick("", "/b", "/b/c", "//", "/%2F")}}",{{content}},"modifiedIndex":{{Index()}},"createdIndex":{{Index()}}}""";
        }

        private string Pick(params string[] choices) => choices[Random.Next(choices.Length)];
    }
}
