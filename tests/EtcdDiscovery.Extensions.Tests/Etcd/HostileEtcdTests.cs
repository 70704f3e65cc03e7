using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Etcdserverpb;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using Mvccpb;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>A hostile server that speaks the protocol of etcd causes a one-line error.</summary>
public sealed class HostileEtcdTests
{
    private const string Forgery = "reason\nwarn: forged";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Message_WithLineBreaks_IsSanitizedAndTruncated(bool inTrailers)
    {
        var message = Uri.EscapeDataString(Forgery) + new string('x', 5_000);
        await using var server = await GrpcTestServer.StartAsync(context =>
            inTrailers ? GrpcTestServer.AnswerAsync(context, 14, message) : GrpcTestServer.FailAsync(context, 14, message));
        await using var store = EtcdStores.Create(server.Endpoint);

        AssertSanitized(await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([StoreRange.Exact("/a")], Token)));
    }

    [Fact]
    public async Task CancelReason_WithLineBreaks_IsSanitizedAndTruncated()
    {
        var end = new WatchResponse { WatchId = 1, Canceled = true, CancelReason = Forgery + new string('x', 100_000), Header = new() };
        await using var server = await StartWatchAsync(end);
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/a/"));

        AssertSanitized(await watch.FailureAsync<EtcdDiscoveryException>());
    }

    [Fact]
    public async Task ContentType_Long_IsTruncated()
    {
        await using var server = await GrpcTestServer.StartAsync(context =>
        {
            context.Response.ContentType = "text/" + new string('x', 20_000);
            return Task.CompletedTask;
        });
        await using var store = EtcdStores.Create(server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([StoreRange.Exact("/a")], Token));

        Assert.InRange(error.Message.Length, 1, 500);
    }

    [Theory]
    [InlineData("/a/1 /a/1", "entries out of order")]
    [InlineData("/a/2 /a/1", "entries out of order")]
    [InlineData("/", "entries out of order")]
    [InlineData("/b", "entries that were not requested")]
    [InlineData("/a/1 /b", "entries that were not requested")]
    public async Task Read_KeysNotRequested_IsAProtocolViolation(string keys, string violation)
    {
        await using var server = await GrpcTestServer.StartAsync(context =>
            GrpcTestServer.AnswerAsync(context, 0, null, Entries(keys.Split(' ')).ToByteArray()));
        await using var store = EtcdStores.Create(server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([StoreRange.Prefix("/a/")], Token));

        Assert.Equal(($"Etcd sent an answer that violates its protocol: {violation}.", true), (error.Message, error.IsTransient));
    }

    [Theory]
    [InlineData("/b")]
    [InlineData("")]
    [InlineData("/a")]
    public async Task Watch_ChangeOfAnotherKey_IsAProtocolViolation(string key)
    {
        var change = new WatchResponse { WatchId = 1, Header = new() { Revision = 3 } };
        change.Events.Add(new Event { Kv = new() { Key = ByteString.CopyFromUtf8(key), ModRevision = 3 } });
        await using var server = await StartWatchAsync(change);
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/a/"));

        var error = await watch.FailureAsync<EtcdDiscoveryException>();

        Assert.Equal(("Etcd sent an answer that violates its protocol: a change of a key that is not watched.", true), (error.Message, error.IsTransient));
    }

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 0)]
    [InlineData(1, -5)]
    [InlineData(1, 76)]
    [InlineData(1, 9_000_000_000)]
    [InlineData(1, long.MaxValue)]
    public async Task Lease_Invalid_IsAProtocolViolation(long id, long timeToLive)
    {
        await using var server = await GrpcTestServer.StartAsync(context =>
            GrpcTestServer.AnswerAsync(context, 0, null, new LeaseGrantResponse { ID = id, TTL = timeToLive }.ToByteArray()));
        await using var store = EtcdStores.Create(server.Endpoint);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token));

        Assert.Equal($"Etcd sent an answer that violates its protocol: lease {id} with a time to live of {timeToLive} s instead of the requested 5 s.", error.Message);
    }

    [Fact]
    public async Task Read_EndlessPages_TimesOut()
    {
        var (clock, pages) = (new FakeTimeProvider(), 0);
        await using var server = await GrpcTestServer.StartAsync(context =>
        {
            clock.Advance(TimeSpan.FromSeconds(2));
            var page = Entries([$"/a/{Interlocked.Increment(ref pages):D10}"]);
            page.Responses[0].ResponseRange.More = true;
            return GrpcTestServer.AnswerAsync(
                context, 0, null, pages == 1 ? page.ToByteArray() : page.Responses[0].ResponseRange.ToByteArray());
        });
        await using var store = EtcdStores.Create(new() { Endpoints = [server.Endpoint], RequestTimeout = TimeSpan.FromSeconds(3) }, clock);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => store.ReadAsync([StoreRange.Prefix("/a/")], Token).WaitAsync(Eventually.Patience, Token));

        Assert.Equal(("Etcd did not finish answering a read within 30 s.", true), (error.Message, error.IsTransient));
    }

    [Fact]
    public async Task Renewal_OfAnotherLease_IsAProtocolViolation()
    {
        await using var server = await StartLeaseAsync((context, _) =>
            GrpcTestServer.SendAsync(context, new LeaseKeepAliveResponse { ID = 6, TTL = 5 }));
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.RenewAsync(Token));

        Assert.Equal("Etcd sent an answer that violates its protocol: a renewal of lease 6 instead of 5.", error.Message);
    }

    [Fact]
    public async Task Renewal_AnsweredBeforeItWasRequested_DoesNotCount()
    {
        await using var server = await StartLeaseAsync(async (context, renewal) =>
        {
            if (renewal == 1)
            {
                var frame = GrpcTestServer.Frame(new LeaseKeepAliveResponse { ID = 5, TTL = 5 }.ToByteArray());
                context.Response.ContentType = "application/grpc";
                await context.Response.Body.WriteAsync((byte[])[.. frame, .. frame]);
                await context.Response.Body.FlushAsync();
            }
        });
        await using var store = EtcdStores.Create(TimeSpan.FromSeconds(0.5), server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromSeconds(5), Token);
        await session.RenewAsync(Token);

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.RenewAsync(Token));

        Assert.Contains("no answer within", error.Message, StringComparison.Ordinal);
    }

    private static Task<GrpcTestServer> StartLeaseAsync(Func<Microsoft.AspNetCore.Http.HttpContext, int, Task> renewAsync)
    {
        var renewals = 0;
        return GrpcTestServer.StartAsync(async context =>
        {
            if (!context.Request.Path.Value!.EndsWith("KeepAlive", StringComparison.Ordinal))
            {
                await GrpcTestServer.AnswerAsync(context, 0, null, new LeaseGrantResponse { ID = 5, TTL = 5 }.ToByteArray());
                return;
            }

            while (true)
            {
                await GrpcTestServer.ReadAsync(context, LeaseKeepAliveRequest.Parser);
                await renewAsync(context, Interlocked.Increment(ref renewals));
            }
        });
    }

    private static void AssertSanitized(EtcdDiscoveryException error)
    {
        Assert.Contains("warn: forged", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.InRange(error.Message.Length, 1, 500);
    }

    private static TxnResponse Entries(IEnumerable<string> keys)
    {
        var range = new RangeResponse();
        range.Kvs.AddRange(keys.Select(key => new KeyValue { Key = ByteString.CopyFromUtf8(key), ModRevision = 3 }));
        return new() { Header = new() { Revision = 7, ClusterId = 9 }, Responses = { new ResponseOp { ResponseRange = range } } };
    }

    private static Task<GrpcTestServer> StartWatchAsync(WatchResponse response) => GrpcTestServer.StartAsync(async context =>
    {
        await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
        var created = new WatchResponse { WatchId = 1, Created = true, Header = new() { Revision = 3 } };
        await GrpcTestServer.AnswerAsync(context, 0, null, created.ToByteArray(), response.ToByteArray());
        await GrpcTestServer.StaySilentAsync(context);
    });
}
