using System.Collections.Concurrent;
using System.Text;
using EtcdDiscovery.EtcdV2;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>The v2 store on servers that behave as a healthy etcd never does.</summary>
public sealed class EtcdV2FailureTests
{
    private static readonly StoreRange Range = StoreRange.Prefix("/a/");
    private static readonly StoreRevision After = new(5, 0xc1);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(400, """{"errorCode":401,"message":"The event in requested index is outdated and cleared","cause":"","index":9}""", typeof(HistoryLostException), true)]
    [InlineData(500, """{"errorCode":300,"message":"Raft Internal Error","cause":"etcdserver: request timed out","index":9}""", typeof(EtcdDiscoveryException), true)]
    [InlineData(500, """{"errorCode":301,"message":"During Leader Election","cause":"","index":9}""", typeof(EtcdDiscoveryException), true)]
    [InlineData(503, "<html>no upstream</html>", typeof(EtcdDiscoveryException), true)]
    [InlineData(401, """{"message":"Insufficient credentials"}""", typeof(EtcdDiscoveryException), false)]
    [InlineData(401, """{"errorCode":110,"message":"The request requires user authentication","cause":"Insufficient credentials","index":0}""", typeof(EtcdDiscoveryException), false)]
    [InlineData(403, """{"errorCode":107,"message":"Root is read only","cause":"/","index":9}""", typeof(EtcdDiscoveryException), false)]
    [InlineData(404, "404 page not found\n", typeof(EtcdDiscoveryException), false)]
    [InlineData(307, "", typeof(EtcdDiscoveryException), false)]
    [InlineData(200, "hello", typeof(EtcdDiscoveryException), true)]
    [InlineData(200, "null", typeof(EtcdDiscoveryException), true)]
    [InlineData(200, "{}", typeof(EtcdDiscoveryException), true)]
    public async Task Read_ErrorResponse_ThrowsWithTypeAndTransience(int status, string body, Type expected, bool isTransient)
    {
        await using var server = await StartAsync(context => AnswerAsync(context, status, body));
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        var error = await Assert.ThrowsAnyAsync<EtcdDiscoveryException>(() => store.ReadAsync([Range], Token));

        Assert.Equal((expected, isTransient), (error.GetType(), error.IsTransient));
        Assert.Contains(server.Endpoint, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"action":"get","node":{"key":null,"value":"x","modifiedIndex":7}}""", false)]
    [InlineData("""{"action":"get","node":{"key":"/a","dir":true,"nodes":[{"key":null,"value":"x"}]}}""", false)]
    [InlineData("""{"errorCode":101,"message":"Compare failed","cause":"","index":9}""", false)]
    [InlineData("""{"action":"get","node":{"value":"x","modifiedIndex":7}}""", true)]
    [InlineData("""{"action":"get","node":{"dir":true,"nodes":[{"value":"x"},{"dir":true}]}}""", true)]
    [InlineData("""{"action":"get","node":{"key":"/a","dir":true,"nodes":[null]}}""", true)]
    [InlineData("""{"action":"get","node":{"key":"/a","dir":true,"nodes":[{"key":"/b","value":"x"},{"key":"/b","dir":true}]}}""", true)]
    public async Task Read_UnexpectedNodes_IsEmptyOrAnError(string body, bool isEmpty)
    {
        await using var server = await StartAsync(context => AnswerAsync(context, 200, body));
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        var contents = store.ReadAsync([Range], Token);

        if (isEmpty)
        {
            Assert.Empty((await contents).Entries);
        }
        else
        {
            Assert.Contains("does not conform to the v2 keys API", (await Assert.ThrowsAsync<EtcdDiscoveryException>(() => contents)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Read_ManyUnorderedEntries_IsFast()
    {
        var keys = Enumerable.Range(0, 400_000).Select(i => $"/a/{i:x8}").ToArray();
        new Random(1).Shuffle(keys);
        var nodes = string.Join(',', keys.Select(key => $$"""{"key":"{{key}}","value":"x"}"""));
        var body = """{"action":"get","node":{"key":"/a","dir":true,"nodes":[""" + nodes + "]}}";
        await using var server = await StartAsync(context => AnswerAsync(context, 200, body));
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(60), server.Endpoint);
        var started = TimeProvider.System.GetTimestamp();

        var contents = await store.ReadAsync([Range], Token);

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.Equal(keys.Order(StringComparer.Ordinal), contents.Entries.Select(entry => entry.Key));
    }

    [Fact]
    public async Task Open_V2ApiDisabled_ErrorNamesTheFlag()
    {
        await using var server = await StartAsync(context => AnswerAsync(context, 404, "404 page not found\n"));
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token));

        Assert.Contains("--enable-v2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ReadsNoKey()
    {
        var requested = new ConcurrentQueue<string>();
        await using var server = await StartAsync(context =>
        {
            requested.Enqueue(context.Request.Path);
            return AnswerAsync(context, 200, "{}");
        });
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token);

        Assert.Equal(["/v2/members/leader"], requested);
    }

    [Fact]
    public async Task Open_MemberUnresponsive_TriesAnotherBeforeTheRequestTimeout()
    {
        var wasReached = false;
        await using var unresponsive = await StartAsync(context =>
        {
            wasReached = true;
            return GrpcTestServer.StaySilentAsync(context);
        });
        await using var healthy = await StartAsync(context => AnswerAsync(context, 200, "{}"));

        // The first endpoint is random.
        while (!wasReached)
        {
            await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(30), unresponsive.Endpoint, healthy.Endpoint);
            await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(1), Token);
        }
    }

    [Fact]
    public async Task Open_AllMembersSlow_WaitsForTheLastOne()
    {
        await using var server = await StartAsync(async context =>
        {
            // Longer than a member may take if another one is left to try.
            await Task.Delay(TimeSpan.FromSeconds(0.3), context.RequestAborted);
            await AnswerAsync(context, 200, "{}");
        });
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(60), server.Endpoint, server.Endpoint);

        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(1), Token);
    }

    [Fact]
    public async Task Open_DuringAnElection_FailsTransiently()
    {
        await using var server = await StartAsync(context => AnswerAsync(context, 503, """{"message":"During election"}"""));
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token));

        Assert.Equal((true, $"Etcd at {server.Endpoint}: During election (HTTP status 503)."), (error.IsTransient, error.Message));
    }

    [Fact]
    public async Task Read_MissingKey_IsEmptyAtTheIndex()
    {
        await using var server = await StartAsync(context =>
            AnswerAsync(context, 404, """{"errorCode":100,"message":"Key not found","cause":"/a","index":9}"""));
        await using var store = EtcdV2Stores.Create(server.Endpoint);

        var contents = await store.ReadAsync([Range], Token);

        Assert.Equal((new StoreRevision(9, 0xc1), 0), (contents.Revision, contents.Entries.Count));
    }

    [Fact]
    public async Task Read_ResponseCut_FailsAndTheNextReadUsesAnotherEndpoint()
    {
        await using var cutting = await StartAsync(CutAsync);
        await using var healthy = await StartAsync(context => AnswerAsync(context, 200, """{"action":"get","node":{"dir":true}}"""));
        await using var store = EtcdV2Stores.Create(cutting.Endpoint, healthy.Endpoint);
        var failures = 0;

        for (var attempt = 0; attempt < 3; attempt++)
        {
            try
            {
                Assert.Empty((await store.ReadAsync([Range], Token)).Entries);
            }
            catch (EtcdDiscoveryException e) when (e.IsTransient)
            {
                failures++;
            }
        }

        // The first endpoint is random; the failing one is tried at most once.
        Assert.InRange(failures, 0, 1);
    }

    [Fact]
    public async Task ReadOrOpen_ConnectionRefused_TriesTheNextEndpointAtOnce()
    {
        await using var healthy = await StartAsync(context => AnswerAsync(context, 200, """{"action":"get","node":{"dir":true}}"""));
        for (var i = 0; i < 8; i++)
        {
            await using var store = EtcdV2Stores.Create("http://127.0.0.1:1", healthy.Endpoint);
            await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token);
            await using var other = EtcdV2Stores.Create("http://127.0.0.1:1", healthy.Endpoint);
            Assert.Empty((await other.ReadAsync([Range], Token)).Entries);
        }
    }

    [Fact]
    public async Task Request_OnADisposedConnection_IsUnsent()
    {
        var connection = V2Http.Connect(new Uri("http://127.0.0.1:1"), new EtcdOptions(), TimeProvider.System, () => null);
        connection.Dispose();

        var error = await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.SendAsync(V2Request.Leader, Token));

        Assert.True(V2Failure.OfTransport(error).IsUnsent);
    }

    [Fact]
    public async Task Read_NoResponse_TimesOut()
    {
        await using var server = await StartAsync(GrpcTestServer.StaySilentAsync);
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(0.3), server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Range], Token));

        Assert.True(error.IsTransient);
        Assert.Contains("no answer within 0.3 s", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_EndlessResponse_IsAnError()
    {
        await using var server = await StartAsync(async context =>
        {
            WriteHead(context, 200);
            var chunk = new byte[1024 * 1024];
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(chunk, context.RequestAborted);
            }
        });
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(60), server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Range], Token));

        Assert.False(error.IsTransient);
        Assert.Contains("64 MiB", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ManyEmptyNodes_IsRejectedBeforeAllocating()
    {
        var body = """{"action":"get","node":{"key":"/a","dir":true,"nodes":[""" + string.Join(',', Enumerable.Repeat("{}", 200_000)) + "]}}";
        await using var server = await StartAsync(context => AnswerAsync(context, 200, body));
        await using var store = EtcdV2Stores.Create(TimeSpan.FromSeconds(60), server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Range], Token));

        Assert.Contains("more nodes than its length allows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_ManySlowDirectories_TimesOut()
    {
        var nodes = string.Join(',', Enumerable.Range(0, 31).Select(i => $$"""{"key":"/a/{{i}}","dir":true}"""));
        var body = """{"action":"get","node":{"key":"/a","dir":true,"nodes":[""" + nodes + "]}}";
        var clock = new FakeTimeProvider();
        await using var server = await StartAsync(context =>
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            return AnswerAsync(context, 200, body);
        });
        await using var store = EtcdV2Stores.Create(new() { Endpoints = [server.Endpoint], RequestTimeout = TimeSpan.FromSeconds(3) }, clock);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Range], Token));

        Assert.Equal(("Etcd did not finish answering a read within 30 s.", true), (error.Message, error.IsTransient));
    }

    [Fact]
    public async Task Put_NoResponse_IsNotRetried()
    {
        var puts = 0;
        await using var server = await StartAsync(context =>
        {
            if (context.Request.Method != "PUT")
            {
                return AnswerAsync(context, 200, """{"action":"get","node":{"dir":true}}""");
            }

            Interlocked.Increment(ref puts);
            return CutAsync(context);
        });
        await using var store = EtcdV2Stores.Create(server.Endpoint, server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token);

        await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.TryPutAsync([new StorePut("/a/b", "x"u8.ToArray())], Token));

        Assert.Equal(1, puts);
    }

    [Fact]
    public async Task Watch_PollCutWithinAChange_Fails()
    {
        await using var server = await StartAsync(CutAsync);
        await using var store = EtcdV2Stores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, After, Range);

        Assert.True((await watch.FailureAsync<EtcdDiscoveryException>()).IsTransient);
    }

    [Fact]
    public async Task Watch_PollEndsEmptyAfterAWhile_ContinuesFromItsIndex()
    {
        var polls = 0;
        var second = "";
        await using var server = await StartAsync(async context =>
        {
            if (!context.Request.Query.ContainsKey("wait"))
            {
                await AnswerAsync(context, 200, "{}");
                return;
            }

            WriteHead(context, 200);
            await context.Response.Body.FlushAsync();
            if (Interlocked.Increment(ref polls) == 1)
            {
                // Longer than the minimum duration of an empty poll.
                await Task.Delay(TimeSpan.FromSeconds(1.2), context.RequestAborted);
                return;
            }

            if (polls > 2)
            {
                await GrpcTestServer.StaySilentAsync(context);
                return;
            }

            second = context.Request.Query["waitIndex"]!;
            await context.Response.WriteAsync("""{"action":"set","node":{"key":"/a/b","value":"x","modifiedIndex":12}}""");
        });
        await using var store = EtcdV2Stores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, After, Range);

        Assert.Equal("/a/b", Assert.Single((await watch.NextAsync()).Events).Key);
        Assert.Equal("10", second);
    }

    [Fact]
    public async Task Watch_PollEndsEmptyAtOnce_FailsInsteadOfSpinning()
    {
        var polls = 0;
        await using var server = await StartAsync(context =>
        {
            Interlocked.Increment(ref polls);
            WriteHead(context, 200);
            return Task.CompletedTask;
        });
        await using var store = EtcdV2Stores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, After, Range);

        Assert.True((await watch.FailureAsync<EtcdDiscoveryException>()).IsTransient);
        Assert.Equal(1, polls);
    }

    [Theory]
    [InlineData("4", "c1")]
    [InlineData("9", "c2")]
    public async Task Watch_IndexLowerOrAnotherCluster_LosesTheHistory(string index, string cluster)
    {
        await using var server = await StartAsync(async context =>
        {
            WriteHead(context, 200);
            context.Response.Headers["X-Etcd-Index"] = index;
            context.Response.Headers["X-Etcd-Cluster-Id"] = cluster;
            await context.Response.Body.FlushAsync();
            await GrpcTestServer.StaySilentAsync(context);
        });
        await using var store = EtcdV2Stores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, After, Range);

        await watch.FailureAsync<HistoryLostException>();
    }

    private static Task<GrpcTestServer> StartAsync(RequestDelegate handler) => GrpcTestServer.StartAsync(handler, HttpProtocols.Http1);

    private static void WriteHead(HttpContext context, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers["X-Etcd-Index"] = "9";
        context.Response.Headers["X-Etcd-Cluster-Id"] = "c1";
        context.Response.Headers.Location = "http://127.0.0.1:1/";
    }

    private static Task AnswerAsync(HttpContext context, int status, string body)
    {
        WriteHead(context, status);
        return context.Response.WriteAsync(body);
    }

    // Declares a longer body than it sends.
    private static async Task CutAsync(HttpContext context)
    {
        WriteHead(context, 200);
        context.Response.ContentLength = 1_000;
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes("""{"action":"set","node":{"key":"/a/b","val"""));
        await context.Response.Body.FlushAsync();
        context.Abort();
    }
}
