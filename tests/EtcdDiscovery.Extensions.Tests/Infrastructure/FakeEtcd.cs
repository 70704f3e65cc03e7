using System.Collections.Concurrent;
using System.Threading.Channels;
using EtcdDiscovery.Stores.Etcd.Protos;
using Google.Protobuf;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An etcd of one member that speaks as much of the protocol as the library does, and fails on command.</summary>
internal sealed class FakeEtcd : IAsyncDisposable
{
    public const string Txn = "Txn";
    public const string KeepAlive = "LeaseKeepAlive";
    public const string Grant = "LeaseGrant";
    public const string Revoke = "LeaseRevoke";
    public const string Watch = "Watch";

    private readonly ConcurrentDictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HttpContext, byte> _streams = new();
    private GrpcTestServer? _server;

    private FakeEtcd(TimeProvider timeProvider) => Data = new FakeEtcdData(timeProvider);

    public FakeEtcdData Data { get; }

    public string Endpoint => _server!.Endpoint;

    public int Connections => _server!.Connections;

    /// <summary>How many keep-alive and watch streams are open.</summary>
    public int Streams => _streams.Count;

    /// <summary>What goes wrong with a method; asked for each unary call and for each message on a stream.</summary>
    public Func<string, FakeFault?> Fault { get; set; } = _ => null;

    /// <summary>How long every answer takes.</summary>
    public TimeSpan Latency { get; set; }

    public static async Task<FakeEtcd> StartAsync(TimeProvider? timeProvider = null)
    {
        var fake = new FakeEtcd(timeProvider ?? TimeProvider.System);
        fake._server = await GrpcTestServer.StartAsync(fake.ServeAsync);
        return fake;
    }

    /// <summary>The settings of a host that uses this server.</summary>
    public Dictionary<string, string?> Settings(string service, string timeToLive = "00:00:02") => new()
    {
        ["Etcd:Endpoints:0"] = Endpoint,
        ["Service:Name"] = service,
        ["TimeToLive"] = timeToLive,
    };

    /// <summary>How often a method was called; of a stream, how many messages it got.</summary>
    public int Calls(string method) => _calls.GetValueOrDefault(method);

    public int AllCalls() => _calls.Values.Sum();

    /// <summary>Resets every open stream, as a proxy does that is restarted.</summary>
    public void BreakStreams()
    {
        foreach (var stream in _streams.Keys)
        {
            try
            {
                stream.Abort();
            }
            catch (ObjectDisposedException)
            {
                // It has just ended by itself.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    private Task ServeAsync(HttpContext context)
    {
        var method = context.Request.Path.Value!.Split('/')[^1];
        return method switch
        {
            Txn => AnswerAsync(context, method, TxnRequest.Parser, Data.Commit),
            Grant => AnswerAsync(context, method, LeaseGrantRequest.Parser, Data.Grant),
            Revoke => AnswerAsync(context, method, LeaseRevokeRequest.Parser, Data.Revoke),
            KeepAlive => StreamAsync(context, KeepAliveAsync),
            Watch => StreamAsync(context, WatchAsync),
            _ => GrpcTestServer.FailAsync(context, 12, $"unknown method {method}"),
        };
    }

    private async Task AnswerAsync<T>(HttpContext context, string method, MessageParser<T> parser, Func<T, IMessage?> answer)
        where T : IMessage<T>
    {
        var request = await GrpcTestServer.ReadAsync(context, parser);
        if (await FailsAsync(context, method, Latency))
        {
            return;
        }

        var response = answer(request);
        await (response is null
            ? GrpcTestServer.FailAsync(context, 5, "etcdserver: requested lease not found")
            : GrpcTestServer.AnswerAsync(context, 0, null, response.ToByteArray()));
    }

    /// <summary>Counts the call and, when something is to go wrong with it, ends it so.</summary>
    private async Task<bool> FailsAsync(HttpContext context, string method, TimeSpan latency)
    {
        _calls.AddOrUpdate(method, 1, (_, count) => count + 1);
        await Task.Delay(latency, context.RequestAborted);
        switch (Fault(method))
        {
            case null:
                return false;
            case { Status: null }:
                await GrpcTestServer.StaySilentAsync(context);
                return true;
            case { Status: { } status, Message: var message }:
                await (context.Response.HasStarted || status == 0
                    ? GrpcTestServer.AnswerAsync(context, status, message)
                    : GrpcTestServer.FailAsync(context, status, message!));
                return true;
        }
    }

    private async Task StreamAsync(HttpContext context, Func<HttpContext, Task> serveAsync)
    {
        _streams.TryAdd(context, 0);
        try
        {
            await serveAsync(context);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ConnectionAbortedException)
        {
            // The client has ended the stream, as streams end.
        }
        finally
        {
            _streams.TryRemove(context, out _);
        }
    }

    private async Task KeepAliveAsync(HttpContext context)
    {
        while (true)
        {
            var request = await GrpcTestServer.ReadAsync(context, LeaseKeepAliveRequest.Parser);
            if (await FailsAsync(context, KeepAlive, Latency))
            {
                return;
            }

            await WriteAsync(context, Data.Renew(request));
        }
    }

    private async Task WatchAsync(HttpContext context)
    {
        var responses = Channel.CreateUnbounded<WatchResponse>();
        var writing = WriteAllAsync(context, responses.Reader);
        var isFirst = true;
        try
        {
            while (true)
            {
                var request = await GrpcTestServer.ReadAsync(context, WatchRequest.Parser);
                if (request.CreateRequest is { } create)
                {
                    // Creations come in one go: those that follow the first have waited with it.
                    if (await FailsAsync(context, Watch, isFirst ? Latency : TimeSpan.Zero))
                    {
                        return;
                    }

                    isFirst = false;
                    Data.Watch(create, responses.Writer);
                }
                else if (request.ProgressRequest is not null)
                {
                    responses.Writer.TryWrite(Data.Progress());
                }
            }
        }
        finally
        {
            Data.Unwatch(responses.Writer);
            responses.Writer.Complete();
            await writing;
        }
    }

    private static async Task WriteAllAsync(HttpContext context, ChannelReader<WatchResponse> responses)
    {
        await foreach (var response in responses.ReadAllAsync(context.RequestAborted))
        {
            await WriteAsync(context, response);
        }
    }

    private static async Task WriteAsync(HttpContext context, IMessage message)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "application/grpc";
        }

        await context.Response.Body.WriteAsync(GrpcTestServer.Frame(message.ToByteArray()), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }
}
