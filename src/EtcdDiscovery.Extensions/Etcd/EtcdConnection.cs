using EtcdDiscovery.Transport;
using EtcdDiscovery.Transport.Tls;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;

namespace EtcdDiscovery.Etcd;

/// <summary>One HTTP/2 connection to one endpoint, with the generated clients of dotnet-etcd.</summary>
/// <remarks>
/// Grpc.Net's compression, retries and load balancing are not used. Every failure is an <see cref="EtcdCallException"/>, and every
/// cancellation is an <see cref="OperationCanceledException"/> with the caller's token.
/// </remarks>
internal sealed class EtcdConnection : IDisposable
{
    /// <summary>
    /// The maximum size of a received message. It is far above gRPC's default of 4 MiB, which a valid page of large values can exceed, and
    /// low enough that a faulty server cannot exhaust the memory.
    /// </summary>
    public const int MaxMessageSize = 64 * 1024 * 1024;

    // If pings arrive more often than every 5 s, etcd treats them as an attack and drops the connection.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    private readonly TlsConnector _connector;
    private readonly EtcdCallHandler _handler;
    private readonly TimeProvider _timeProvider;

    // Never disposed: it has no timer, and a call may be linking to it concurrently.
    private readonly CancellationTokenSource _closing = new();

    public EtcdConnection(Uri address, EtcdOptions options, TimeProvider timeProvider)
    {
        Address = address;
        _timeProvider = timeProvider;
        _connector = new TlsConnector(options.Tls, timeProvider);
        _handler = new EtcdCallHandler(NewHandler(options, _connector));
        // Never disposed, because that would abort unary calls in flight. It owns no resources except the handler.
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            HttpHandler = _handler,
            MaxReceiveMessageSize = MaxMessageSize,
            CompressionProviders = [],
            ThrowOperationCanceledOnCancellation = false,
        });
        KV = new KV.KVClient(channel);
        Lease = new Lease.LeaseClient(channel);
        Watch = new Watch.WatchClient(channel);
        Auth = new Auth.AuthClient(channel);
        Maintenance = new Maintenance.MaintenanceClient(channel);
    }

    public Uri Address { get; }

    public KV.KVClient KV { get; }

    public Lease.LeaseClient Lease { get; }

    public Watch.WatchClient Watch { get; }

    public Auth.AuthClient Auth { get; }

    public Maintenance.MaintenanceClient Maintenance { get; }

    /// <summary>Cancelled when the connection is disposed.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <summary>Replaces the error of the HTTP stack with the connector's more precise one, if the server refused the connection.</summary>
    public EtcdCallException Refine(EtcdCallException error) =>
        error is { IsAnswer: false, Code: StatusCode.Unavailable, InnerException: not null } && _connector.Refusal is { } refusal
            ? new EtcdCallException(StatusCode.Unavailable, refusal, error.InnerException) { IsUnsent = error.IsUnsent }
            : error;

    /// <summary>Makes a unary call.</summary>
    public async Task<TResponse> CallAsync<TResponse>(
        Func<EtcdConnection, CallOptions, AsyncUnaryCall<TResponse>> start, TimeSpan timeout, string? token, CancellationToken cancellationToken)
    {
        using var deadline = new CallDeadline(timeout, _timeProvider, cancellationToken);
        var options = new CallOptions(HeadersWith(token), cancellationToken: deadline.Token);
        var call = new EtcdCall(timeout);
        try
        {
            return await EtcdCallHandler.Start(call, () => start(this, options)).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw deadline.Explain(EtcdCallException.From(e, call));
        }
    }

    /// <summary>Opens a bidirectional stream. Never throws: if opening fails, reading from the stream throws.</summary>
    public AsyncDuplexStreamingCall<TRequest, TResponse> Open<TRequest, TResponse>(
        Func<EtcdConnection, CallOptions, AsyncDuplexStreamingCall<TRequest, TResponse>> start,
        EtcdCall call,
        string? token,
        CancellationToken cancellationToken)
    {
        var options = new CallOptions(HeadersWith(token), cancellationToken: cancellationToken);
        return EtcdCallHandler.Start(call, () => start(this, options));
    }

    /// <summary>Ends the streams at once. The connection ends when the last unary call has completed.</summary>
    public void Dispose()
    {
        _closing.Cancel();
        _handler.Dispose();
    }

    private static SocketsHttpHandler NewHandler(EtcdOptions options, TlsConnector connector)
    {
        var handler = StoreHttp.NewHandler(options, connector);
        handler.EnableMultipleHttp2Connections = false;
        handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        handler.KeepAlivePingDelay = PingInterval;
        handler.KeepAlivePingTimeout = PingInterval;
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        return handler;
    }

    private static Metadata HeadersWith(string? token)
    {
        // With this header, a member that has no leader fails calls and streams with "no leader". Without it, streams would stay open but
        // silent.
        var headers = new Metadata { { "hasleader", "true" } };
        if (token is not null)
        {
            headers.Add("token", token);
        }

        return headers;
    }
}
