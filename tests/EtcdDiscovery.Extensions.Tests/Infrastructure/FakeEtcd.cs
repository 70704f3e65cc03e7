using System.Collections.Concurrent;
using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A fake etcd of one member that implements the part of the protocol that the library uses, and fails on demand.</summary>
internal sealed class FakeEtcd : IAsyncDisposable
{
    public const string Range = "Range";
    public const string Txn = "Txn";
    public const string KeepAlive = "LeaseKeepAlive";
    public const string Grant = "LeaseGrant";
    public const string Revoke = "LeaseRevoke";
    public const string Watch = "Watch";
    public const string Progress = "Progress";
    public const string Status = "Status";

    private readonly ConcurrentDictionary<string, int> _calls = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<HttpContext, byte> _streams = new();
    private GrpcTestServer? _server;

    private FakeEtcd(TimeProvider timeProvider) => Data = new FakeEtcdData(timeProvider);

    public FakeEtcdData Data { get; }

    public string Endpoint => _server!.Endpoint;

    public int Connections => _server!.Connections;

    /// <summary>The number of open keep-alive and watch streams.</summary>
    public int Streams => _streams.Count;

    /// <summary>Selects the fault of a method. Called for each unary call and for each message on a stream.</summary>
    public Func<string, FakeFault?> Fault { get; set; } = _ => null;

    /// <summary>Whether a watch stream answers progress requests.</summary>
    public bool AnswersProgressRequests { get; set; } = true;

    /// <summary>The delay of every answer.</summary>
    public TimeSpan Latency { get; set; }

    public static async Task<FakeEtcd> StartAsync(TimeProvider? timeProvider = null)
    {
        var fake = new FakeEtcd(timeProvider ?? TimeProvider.System);
        fake._server = await GrpcTestServer.StartAsync(fake, new Methods());
        return fake;
    }

    /// <summary>The settings of a host that uses this server.</summary>
    public Dictionary<string, string?> Settings(string service, string timeToLive = "00:00:02") => new()
    {
        ["Etcd:Endpoints:0"] = Endpoint,
        ["Service:Name"] = service,
        ["TimeToLive"] = timeToLive,
    };

    /// <summary>The number of calls of a method; for a stream, the number of received messages.</summary>
    public int Calls(string method) => _calls.GetValueOrDefault(method);

    public int AllCalls() => _calls.Values.Sum();

    /// <summary>Resets every open stream, as a restarting proxy does.</summary>
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
                // The stream has just ended.
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

    private async Task<TResponse> AnswerAsync<TResponse>(string method, Func<TResponse?> answer, ServerCallContext call)
    {
        await TakeAsync(method, Latency, call);
        return answer() ?? throw new RpcException(new Status(StatusCode.NotFound, "etcdserver: requested lease not found"));
    }

    /// <summary>Counts the call, and ends it if it has a fault.</summary>
    private async Task TakeAsync(string method, TimeSpan latency, ServerCallContext call)
    {
        _calls.AddOrUpdate(method, 1, (_, count) => count + 1);
        await Task.Delay(latency, call.CancellationToken);
        switch (Fault(method))
        {
            case null:
                return;
            case { Status: null }:
                await Task.Delay(Timeout.Infinite, call.CancellationToken);
                return;
            case { Status: { } status, Message: var message }:
                throw new RpcException(new Status((StatusCode)status, message ?? ""));
        }
    }

    private async Task StreamAsync(ServerCallContext call, Func<Task> serveAsync)
    {
        _streams.TryAdd(call.GetHttpContext(), 0);
        try
        {
            await serveAsync();
        }
        finally
        {
            _streams.TryRemove(call.GetHttpContext(), out _);
        }
    }

    private async Task KeepAliveAsync(
        IAsyncStreamReader<LeaseKeepAliveRequest> requests, IServerStreamWriter<LeaseKeepAliveResponse> responses, ServerCallContext call)
    {
        await foreach (var request in requests.ReadAllAsync(call.CancellationToken))
        {
            await TakeAsync(KeepAlive, Latency, call);
            await responses.WriteAsync(Data.Renew(request), call.CancellationToken);
        }
    }

    private async Task WatchAsync(IAsyncStreamReader<WatchRequest> requests, IServerStreamWriter<WatchResponse> responses, ServerCallContext call)
    {
        var waiting = Channel.CreateUnbounded<WatchResponse>();
        var writing = WriteAllAsync(waiting.Reader, responses, call);
        var isFirst = true;
        try
        {
            await foreach (var request in requests.ReadAllAsync(call.CancellationToken))
            {
                if (request.CreateRequest is { } create)
                {
                    // Buffers the first creation, so that all are sent together.
                    await TakeAsync(Watch, isFirst ? Latency : TimeSpan.Zero, call);
                    isFirst = false;
                    Data.Watch(create, waiting.Writer);
                }
                else if (request.ProgressRequest is not null && AnswersProgressRequests)
                {
                    _calls.AddOrUpdate(Progress, 1, (_, count) => count + 1);
                    waiting.Writer.TryWrite(Data.Progress());
                }
            }
        }
        finally
        {
            Data.Unwatch(waiting.Writer);
            waiting.Writer.Complete();
            await writing;
        }
    }

    private static async Task WriteAllAsync(ChannelReader<WatchResponse> waiting, IServerStreamWriter<WatchResponse> responses, ServerCallContext call)
    {
        await foreach (var response in waiting.ReadAllAsync(call.CancellationToken))
        {
            await responses.WriteAsync(response, call.CancellationToken);
        }
    }

    /// <summary>Binds the methods by name, because dotnet-etcd has no server base classes.</summary>
    private sealed class Methods : IServiceMethodProvider<FakeEtcd>
    {
        public void OnServiceMethodDiscovery(ServiceMethodProviderContext<FakeEtcd> context)
        {
            context.AddUnaryMethod(
                Of("KV", Range, MethodType.Unary, RangeRequest.Parser, RangeResponse.Parser),
                [],
                (fake, request, call) => fake.AnswerAsync(Range, () => fake.Data.Range(request), call));
            context.AddUnaryMethod(
                Of("KV", Txn, MethodType.Unary, TxnRequest.Parser, TxnResponse.Parser),
                [],
                (fake, request, call) => fake.AnswerAsync(Txn, () => fake.Data.Commit(request), call));
            context.AddUnaryMethod(
                Of("Lease", Grant, MethodType.Unary, LeaseGrantRequest.Parser, LeaseGrantResponse.Parser),
                [],
                (fake, request, call) => fake.AnswerAsync(Grant, () => fake.Data.Grant(request), call));
            context.AddUnaryMethod(
                Of("Lease", Revoke, MethodType.Unary, LeaseRevokeRequest.Parser, LeaseRevokeResponse.Parser),
                [],
                (fake, request, call) => fake.AnswerAsync(Revoke, () => fake.Data.Revoke(request), call));
            context.AddUnaryMethod(
                Of("Maintenance", Status, MethodType.Unary, StatusRequest.Parser, StatusResponse.Parser),
                [],
                (fake, _, call) => fake.AnswerAsync(Status, () => new StatusResponse(), call));
            context.AddDuplexStreamingMethod(
                Of("Lease", KeepAlive, MethodType.DuplexStreaming, LeaseKeepAliveRequest.Parser, LeaseKeepAliveResponse.Parser),
                [],
                (fake, requests, responses, call) => fake.StreamAsync(call, () => fake.KeepAliveAsync(requests, responses, call)));
            context.AddDuplexStreamingMethod(
                Of("Watch", Watch, MethodType.DuplexStreaming, WatchRequest.Parser, WatchResponse.Parser),
                [],
                (fake, requests, responses, call) => fake.StreamAsync(call, () => fake.WatchAsync(requests, responses, call)));
        }

        private static Method<TRequest, TResponse> Of<TRequest, TResponse>(
            string service, string name, MethodType type, MessageParser<TRequest> requests, MessageParser<TResponse> responses)
            where TRequest : class, IMessage<TRequest>
            where TResponse : class, IMessage<TResponse> =>
            new(type, $"etcdserverpb.{service}", name, MarshallerOf(requests), MarshallerOf(responses));

        private static Marshaller<T> MarshallerOf<T>(MessageParser<T> parser)
            where T : class, IMessage<T> => Marshallers.Create(message => message.ToByteArray(), parser.ParseFrom);
    }
}
