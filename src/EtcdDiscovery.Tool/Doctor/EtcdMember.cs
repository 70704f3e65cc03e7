using System.Net;
using System.Net.Http.Headers;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Transport.Tls;
using Etcdserverpb;
using Grpc.Core;
using Grpc.Net.Client;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Accesses one endpoint of etcd over HTTP/1.1 and gRPC, with the certificates and timeouts of the library.</summary>
internal sealed class EtcdMember : IDisposable
{
    private readonly TlsConnector _connector;
    private readonly SocketsHttpHandler _handler;
    private readonly HttpClient _http;
    private readonly EtcdOptions _options;

    public EtcdMember(Uri address, EtcdOptions options)
    {
        (Address, _options) = (address, options);
        _connector = new TlsConnector(options.Tls, TimeProvider.System);
        _handler = StoreHttp.NewHandler(options, _connector);
        _http = new HttpClient(_handler, disposeHandler: false) { BaseAddress = address, Timeout = Timeout.InfiniteTimeSpan };
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = _handler, CompressionProviders = [] });
        KV = new KV.KVClient(channel);
        Auth = new Auth.AuthClient(channel);
        Maintenance = new Maintenance.MaintenanceClient(channel);
    }

    public Uri Address { get; }

    public string Name => EtcdAddress.Display(Address);

    public KV.KVClient KV { get; }

    public Auth.AuthClient Auth { get; }

    public Maintenance.MaintenanceClient Maintenance { get; }

    /// <summary>Sends an HTTP/1.1 request, with the login if there is one and <paramref name="withLogin"/> is true.</summary>
    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, bool withLogin, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version11, Content = content };
        request.Headers.Authorization = withLogin ? Login : null;
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        return await _http.SendAsync(request, linked.Token);
    }

    /// <summary>Makes a unary gRPC call.</summary>
    public async Task<T> CallAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> start, string? token, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.RequestTimeout, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var headers = token is null ? [] : new Metadata { { "token", token } };
        return await start(new CallOptions(headers, cancellationToken: linked.Token));
    }

    /// <summary>Describes a failed request in plain language; null for an exception that is not from a request.</summary>
    public string? Describe(Exception error) => error switch
    {
        RpcException { StatusCode: StatusCode.Cancelled } or OperationCanceledException { InnerException: not TimeoutException } =>
            $"no answer within {_options.RequestTimeout.TotalSeconds:0.#} s",
        RpcException rpc => rpc.Status.DebugException is { } cause && TransportFailureOf(cause) is { } failure
            ? failure
            : $"{rpc.StatusCode}: {LogSanitizer.Sanitize(rpc.Status.Detail)}",
        HttpRequestException or IOException or OperationCanceledException => TransportFailureOf(error),
        _ => null,
    };

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }

    private AuthenticationHeaderValue? Login =>
        string.IsNullOrEmpty(_options.User) ? null : BasicAuthentication.HeaderOf(_options.User, _options.Password ?? "");

    private string TransportFailureOf(Exception error) => _connector.Refusal ?? TransportFailure.Describe(error, "HTTP");
}
