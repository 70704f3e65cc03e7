using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Etcdserverpb;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Mvccpb;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>The transport on servers that are not etcd or violate its protocol.</summary>
public sealed class EtcdTransportTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(1);

    private static readonly byte[] EmptyRead = new TxnResponse
    {
        Header = new() { Revision = 7, ClusterId = 9 },
        Responses = { new ResponseOp { ResponseRange = new() } },
    }.ToByteArray();

    [Theory]
    [InlineData(14, "etcdserver: no leader", true)]
    [InlineData(8, "etcdserver: too many requests", true)]
    [InlineData(8, "Received message exceeds the maximum configured message size", true)]
    [InlineData(8, "etcdserver: mvcc: database space exceeded", true)]
    [InlineData(4, "etcdserver: context deadline exceeded", true)]
    [InlineData(1, "etcdserver: request canceled", true)]
    [InlineData(10, "aborted", true)]
    [InlineData(13, "transport: stream broke", true)]
    [InlineData(2, "etcdserver: leader changed", true)]
    [InlineData(2, "raft proposal dropped", true)]
    [InlineData(2, "something else", false)]
    [InlineData(7, "etcdserver: permission denied", false, "; grant one of the roles of EtcdDiscovery:Etcd:User the permission to read (and write, if this application registers services) /services/ and /services_infos/, below EtcdDiscovery:KeyPrefix if it is set")]
    [InlineData(16, "etcdserver: invalid auth token", true)]
    [InlineData(16, "wrong password", false)]
    [InlineData(3, "etcdserver: request is too large", false)]
    [InlineData(12, "unknown service", false, "; either this is an old version of etcd, or this is not etcd: check EtcdDiscovery:Etcd:Endpoints (the port for clients is usually 2379)")]
    [InlineData(9, "etcdserver: authentication is not enabled", false)]
    [InlineData(15, "etcdserver: corrupt cluster", false)]
    public async Task Status_Any_ErrorNamesEndpointMessageAndTransience(int status, string message, bool isTransient, string advice = "")
    {
        foreach (var handler in new RequestDelegate[]
        {
            context => GrpcTestServer.FailAsync(context, status, message),
            context => GrpcTestServer.AnswerAsync(context, status, message),
        })
        {
            await using var server = await GrpcTestServer.StartAsync(handler);
            var error = await OpenErrorAsync(server.Endpoint);

            Assert.Equal(typeof(EtcdDiscoveryException), error.GetType());
            Assert.Equal($"Etcd at {server.Endpoint}: {message}{advice}.", error.Message);
            Assert.Equal(isTransient, error.IsTransient);
        }
    }

    [Fact]
    public async Task Status_LeaseNotFound_LosesTheSession()
    {
        await using var server = await GrpcTestServer.StartAsync(
            context => GrpcTestServer.FailAsync(context, 5, "etcdserver: requested lease not found"));

        Assert.IsType<SessionLostException>(await OpenErrorAsync(server.Endpoint));
    }

    [Fact]
    public async Task Status_PercentEncodedMessage_IsDecoded()
    {
        await using var server = await GrpcTestServer.StartAsync(
            context => GrpcTestServer.AnswerAsync(context, 3, "caf%C3%A9 100%25 %zz"));

        Assert.Contains("café 100% %zz", (await OpenErrorAsync(server.Endpoint)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_Missing_IsTransient()
    {
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(GrpcTestServer.Frame(EmptyRead));
        });
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Contains(": its answer is not valid gRPC: No grpc-status found on response.", error.Message, StringComparison.Ordinal);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Response_WithoutMessage_IsAnError()
    {
        await using var server = await GrpcTestServer.StartAsync(context => GrpcTestServer.AnswerAsync(context, 0, null));

        Assert.Contains(": its answer is not valid gRPC: Failed to deserialize response message.", (await OpenErrorAsync(server.Endpoint)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(502, true)]
    [InlineData(503, true)]
    [InlineData(429, true)]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(404, false)]
    [InlineData(200, false)]
    [InlineData(301, false)]
    [InlineData(307, false)]
    public async Task Http_NotGrpc_ErrorSaysThatItIsNotEtcd(int status, bool isTransient)
    {
        await using var server = await GrpcTestServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "http://127.0.0.1:1/elsewhere";
            context.Response.ContentType = "text/html";
            return context.Response.WriteAsync("<h1>hello</h1>");
        });
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Contains($"HTTP {status}", error.Message, StringComparison.Ordinal);
        Assert.Contains("instead of gRPC, so this is not etcd: check EtcdDiscovery:Etcd:Endpoints", error.Message, StringComparison.Ordinal);
        Assert.Equal(isTransient, error.IsTransient);
    }

    [Fact]
    public async Task Http_Version1_ErrorSaysThatItIsNotEtcd()
    {
        await using var server = await GrpcTestServer.StartAsync(
            context => context.Response.WriteAsync("hello"), HttpProtocols.Http1);
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Equal($"Etcd at {server.Endpoint}: it does not speak HTTP/2, so this is not etcd: check EtcdDiscovery:Etcd:Endpoints (the port for clients is usually 2379).", error.Message);
    }

    [Fact]
    public async Task Message_SplitOverManyFrames_IsRead()
    {
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            foreach (var part in GrpcTestServer.Frame(EmptyRead))
            {
                await context.Response.Body.WriteAsync(new[] { part });
                await context.Response.Body.FlushAsync();
            }

            context.Response.AppendTrailer("grpc-status", "0");
        });
        await using var store = EtcdStores.Create(server.Endpoint);

        var contents = await store.ReadAsync([StoreRange.Exact("/x")], TestContext.Current.CancellationToken);

        Assert.Equal(new StoreRevision(7, 9), contents.Revision);
    }

    [Theory]
    [InlineData(new byte[] { 0, 0xff, 0xff, 0xff, 0xff }, "a message exceeds the limit of 67108864 bytes.", false)]
    [InlineData(new byte[] { 0, 0x40, 0, 0, 0 }, "a message exceeds the limit of 67108864 bytes.", false)]
    [InlineData(new byte[] { 1, 0, 0, 0, 1, 0 }, "its answer is not valid gRPC: Request sent 'identity' grpc-encoding value with compressed message.", true)]
    [InlineData(new byte[] { 0, 0, 0, 0, 9, 1 }, "its answer is not valid gRPC: Unexpected end of content while reading the message content.", true)]
    [InlineData(new byte[] { 0, 0, 0 }, "its answer is not valid gRPC: Unexpected end of content while reading the message header.", true)]
    [InlineData(new byte[] { 0, 0, 0, 0, 1, 0xff }, "its answer is not valid gRPC: While parsing a protocol message, the input ended unexpectedly", true)]
    public async Task Message_Malformed_IsAnError(byte[] body, string expected, bool isTransient)
    {
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(body);
            context.Response.AppendTrailer("grpc-status", "0");
        });
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.Equal(isTransient, error.IsTransient);
    }

    [Fact]
    public async Task Server_AcceptsAndDoesNotAnswer_TimesOut()
    {
        await using var server = await GrpcTestServer.StartAsync(GrpcTestServer.StaySilentAsync);
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Equal($"Etcd at {server.Endpoint}: no answer within 1 s.", error.Message);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Server_NeverCompletesItsResponse_TimesOut()
    {
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.Body.WriteAsync(new byte[] { 0, 0x01, 0, 0, 0 });
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(new byte[] { 0 });
                await context.Response.Body.FlushAsync();
                await Task.Delay(20, CancellationToken.None);
            }
        });
        var error = await OpenErrorAsync(server.Endpoint);

        Assert.Equal($"Etcd at {server.Endpoint}: no answer within 1 s.", error.Message);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Server_SendsEndlessMessages_IsAnError()
    {
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(GrpcTestServer.Frame(EmptyRead));
            }
        });
        await using var store = EtcdStores.Create(Timeout, server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => store.ReadAsync([StoreRange.Exact("/x")], TestContext.Current.CancellationToken));

        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Read_EndlessIdenticalPages_IsAnError()
    {
        var page = new RangeResponse { More = true, Kvs = { new KeyValue { Key = ByteString.CopyFromUtf8("/a") } } };
        var first = new TxnResponse { Header = new() { Revision = 1 }, Responses = { new ResponseOp { ResponseRange = page } } };
        await using var server = await GrpcTestServer.StartAsync(context => GrpcTestServer.AnswerAsync(
            context, 0, null, context.Request.Path.Value!.EndsWith("Txn", StringComparison.Ordinal) ? first.ToByteArray() : page.ToByteArray()));
        await using var store = EtcdStores.Create(Timeout, server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => store.ReadAsync([StoreRange.Prefix("/a")], TestContext.Current.CancellationToken));

        Assert.Equal("Etcd sent an answer that violates its protocol: entries out of order.", error.Message);
    }

    [Fact]
    public async Task Watch_EndlessFragments_LoseTheHistory()
    {
        var fragment = new WatchResponse { WatchId = 1, Fragment = true, Header = new() { Revision = 3 } };
        fragment.Events.Add(new Event
        {
            Kv = new() { Key = ByteString.CopyFromUtf8("/a"), ModRevision = 3, Value = ByteString.CopyFrom(new byte[1 << 20]) },
        });
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
            context.Response.ContentType = "application/grpc";
            var created = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } };
            await context.Response.Body.WriteAsync(GrpcTestServer.Frame(created.ToByteArray()));
            var frame = GrpcTestServer.Frame(fragment.ToByteArray());
            while (!context.RequestAborted.IsCancellationRequested)
            {
                await context.Response.Body.WriteAsync(frame);
            }
        });
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

        Assert.Contains("too many changes are waiting", (await watch.FailureAsync<HistoryLostException>()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_AbortsTheStream_IsTransient()
    {
        await using var server = await GrpcTestServer.StartAsync(context =>
        {
            context.Abort();
            return Task.CompletedTask;
        });

        Assert.True((await OpenErrorAsync(server.Endpoint)).IsTransient);
    }

    [Fact]
    public async Task Request_Unary_HasTheHeadersOfGrpcAndEtcd()
    {
        IHeaderDictionary? headers = null;
        await using var server = await GrpcTestServer.StartAsync(context =>
        {
            headers = new HeaderDictionary(context.Request.Headers.ToDictionary(StringComparer.OrdinalIgnoreCase));
            return GrpcTestServer.FailAsync(context, 3, "received");
        });
        await OpenErrorAsync(server.Endpoint);

        Assert.Equal("application/grpc", headers!.ContentType);
        Assert.Equal("trailers", headers["te"]);
        Assert.Equal("1000m", headers["grpc-timeout"]);
        Assert.Equal("true", headers["hasleader"]);
        Assert.False(headers.ContainsKey("traceparent"));
    }

    [Fact]
    public async Task Renewal_Unanswered_TimesOutAndTheNextUsesANewStream()
    {
        var streams = 0;
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            if (context.Request.Path.Value!.EndsWith("LeaseGrant", StringComparison.Ordinal))
            {
                await GrpcTestServer.AnswerAsync(context, 0, null, new LeaseGrantResponse { ID = 5, TTL = 60 }.ToByteArray());
                return;
            }

            if (Interlocked.Increment(ref streams) > 1)
            {
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync(GrpcTestServer.Frame(new LeaseKeepAliveResponse { ID = 5, TTL = 60 }.ToByteArray()));
                await context.Response.Body.FlushAsync();
            }

            await GrpcTestServer.StaySilentAsync(context);
        });
        await using var store = EtcdStores.Create(Timeout, server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.RenewAsync(TestContext.Current.CancellationToken));
        await session.RenewAsync(TestContext.Current.CancellationToken);

        Assert.True(error.IsTransient);
        Assert.Equal(2, streams);
    }

    [Fact]
    public async Task Watch_NeverConfirmed_TimesOut()
    {
        await using var server = await GrpcTestServer.StartAsync(GrpcTestServer.StaySilentAsync);
        await using var store = EtcdStores.Create(Timeout, server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

        var error = await watch.FailureAsync<EtcdDiscoveryException>();

        Assert.Equal($"Etcd at {server.Endpoint}: no answer within 1 s.", error.Message);
        Assert.True(error.IsTransient);
    }

    [Fact]
    public async Task Watch_OnTheOnlyEndpoint_SurvivesAnUnavailableStatusOfAnotherCall()
    {
        var changed = new TaskCompletionSource();
        var confirmation = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } };
        var change = new WatchResponse { WatchId = 1, Header = new() { Revision = 3 } };
        change.Events.Add(new Event { Kv = new() { Key = ByteString.CopyFromUtf8("/a"), ModRevision = 3 } });
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("Watch", StringComparison.Ordinal))
            {
                await GrpcTestServer.FailAsync(context, 14, "etcdserver: no leader");
                return;
            }

            await GrpcTestServer.AnswerAsync(context, 0, null, confirmation.ToByteArray());
            await changed.Task;
            await context.Response.Body.WriteAsync(GrpcTestServer.Frame(change.ToByteArray()));
            await context.Response.Body.FlushAsync();
            await GrpcTestServer.StaySilentAsync(context);
        });
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

        await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => store.OpenSessionAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        changed.SetResult();

        Assert.Equal("/a", Assert.Single((await watch.NextAsync()).Events).Key);
    }

    [Fact]
    public async Task Watch_StreamEndedWithSuccess_FailsEveryWatcher()
    {
        var created = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } };
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
            await GrpcTestServer.SendAsync(context, created);
            await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
            await GrpcTestServer.AnswerAsync(context, 0, null);
        });
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var first = new StoreWatch(store, default, StoreRange.Prefix("/"));
        await using var second = new StoreWatch(store, default, StoreRange.Prefix("/"));

        foreach (var watch in new[] { first, second })
        {
            var error = await watch.FailureAsync<EtcdDiscoveryException>();
            Assert.Equal($"Etcd at {server.Endpoint}: the server ended the stream.", error.Message);
            Assert.True(error.IsTransient);
        }
    }

    [Theory]
    [InlineData(1, "etcdserver: request canceled", true)]
    [InlineData(4, "etcdserver: context deadline exceeded", true)]
    [InlineData(8, "Received message exceeds the maximum configured message size", true)]
    [InlineData(14, "etcdserver: no leader", true)]
    [InlineData(16, "wrong password", false)]
    public async Task Watch_StreamEndedWithAStatus_ErrorHasItsMessage(int status, string message, bool isTransient)
    {
        var created = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } }.ToByteArray();
        foreach (var handler in new RequestDelegate[]
        {
            context => GrpcTestServer.FailAsync(context, status, message),
            context => GrpcTestServer.AnswerAsync(context, status, message),
            context => GrpcTestServer.AnswerAsync(context, status, message, created),
        })
        {
            await using var server = await GrpcTestServer.StartAsync(handler);
            await using var store = EtcdStores.Create(server.Endpoint);
            await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

            var error = await watch.FailureAsync<EtcdDiscoveryException>();

            Assert.Equal(($"Etcd at {server.Endpoint}: {message}.", isTransient), (error.Message, error.IsTransient));
        }
    }

    [Theory]
    [InlineData("etcdserver: permission denied", false)]
    [InlineData("etcdserver: watch id already exists", true)]
    public async Task Watch_Rejected_FailsOnlyItsWatcherWithTheReason(string reason, bool isTransient)
    {
        // etcd does not identify the watch that it rejects; responses arrive in the order of the requests.
        var rejection = new WatchResponse { WatchId = -1, Created = true, Canceled = true, CancelReason = reason, Header = new() };
        var confirmation = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } };
        var change = new WatchResponse { WatchId = 1, Header = new() { Revision = 3 } };
        change.Events.Add(new Event { Kv = new() { Key = ByteString.CopyFromUtf8("/a"), ModRevision = 2 } });
        await using var server = await GrpcTestServer.StartAsync(async context =>
        {
            await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
            await GrpcTestServer.SendAsync(context, confirmation);
            await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
            await GrpcTestServer.AnswerAsync(context, 0, null, rejection.ToByteArray(), change.ToByteArray());
            await GrpcTestServer.StaySilentAsync(context);
        });
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var allowed = new StoreWatch(store, default, StoreRange.Prefix("/a"));
        await using var rejected = new StoreWatch(store, default, StoreRange.Prefix("/b"));

        var error = await rejected.FailureAsync<EtcdDiscoveryException>();

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.Equal(isTransient, error.IsTransient);
        Assert.Equal(2, (await allowed.NextAsync()).Revision.Number);
    }

    private static async Task<EtcdDiscoveryException> OpenErrorAsync(string endpoint)
    {
        await using var store = EtcdStores.Create(Timeout, endpoint);
        return await Assert.ThrowsAnyAsync<EtcdDiscoveryException>(
            () => store.OpenSessionAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
    }
}
