using EtcdDiscovery.Stores.Etcd.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>The way to the cluster: one endpoint at a time for everybody, the next one when it fails.</summary>
internal sealed partial class EtcdClient : IDisposable
{
    private readonly EtcdOptions _options;
    private readonly EtcdTokens _tokens;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EndpointRotation<GrpcChannel> _rotation;

    public EtcdClient(EtcdOptions options, EtcdTokens tokens, TimeProvider timeProvider, ILogger<EtcdClient> logger)
    {
        _tokens = tokens;
        _options = options;
        _timeProvider = timeProvider;
        _logger = logger;
        _rotation = new(options.Endpoints, address => EtcdHttp.Connect(address, options, timeProvider));
    }

    public IReadOnlyList<string> Endpoints => _rotation.Endpoints;

    public EtcdHistory History { get; } = new();

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    public TimeProvider TimeProvider => _timeProvider;

    /// <summary>One request, one answer, from the endpoint in use, or from the next one when that cannot be reached at all.</summary>
    public async Task<TResponse> CallAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        for (var tries = 1; ; tries++)
        {
            var channel = _rotation.Current;
            try
            {
                return await CallAsync(channel, method, request, cancellationToken).ConfigureAwait(false);
            }
            catch (GrpcException e)
            {
                var failure = Fail(channel, e);
                if (!e.IsUnsent || tries >= Endpoints.Count)
                {
                    throw failure;
                }
            }
        }
    }

    /// <summary>A stream over the endpoint in use. It ends when that endpoint is left.</summary>
    public EtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(GrpcMethod<TRequest, TResponse> method)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var channel = _rotation.Current;
        var token = _tokens.AtHand;
        return new EtcdStream<TRequest, TResponse>(this, channel, channel.Open(method, token), token);
    }

    /// <summary>Whether a user is configured, who may be refused.</summary>
    public bool HasUser => _tokens.AreUsed;

    /// <summary>Makes sure that there is a token at hand, if etcd asks for one, for the streams that are opened next.</summary>
    /// <returns>The token.</returns>
    public async Task<string?> AuthenticateAsync(CancellationToken cancellationToken)
    {
        var channel = _rotation.Current;
        try
        {
            return await TokenAsync(channel, cancellationToken).ConfigureAwait(false);
        }
        catch (GrpcException e)
        {
            throw Fail(channel, e);
        }
    }

    /// <summary>Etcd does not take a token any more.</summary>
    /// <returns>Whether that is what the error says.</returns>
    public bool ForgetIfStale(string? token, GrpcException error)
    {
        var isStale = HasUser && EtcdErrors.IsStaleToken(error);
        if (isStale)
        {
            _tokens.Forget(token);
        }

        return isStale;
    }

    /// <summary>Leaves the endpoint if it is to blame, and says what the failure means.</summary>
    public EtcdDiscoveryException Fail(GrpcChannel channel, GrpcException error)
    {
        error = channel.Refine(error);
        if (EtcdErrors.BlamesEndpoint(error))
        {
            Leave(channel, error);
        }

        return EtcdErrors.Translate(EtcdAddress.Display(channel.Address), error);
    }

    public void Dispose() => _rotation.Dispose();

    private ValueTask<string?> TokenAsync(GrpcChannel channel, CancellationToken cancellationToken) => _tokens.GetAsync(
        (request, token) => channel.CallAsync(EtcdMethods.Authenticate, request, RequestTimeout, null, token), cancellationToken);

    private async Task<TResponse> CallAsync<TRequest, TResponse>(
        GrpcChannel channel, GrpcMethod<TRequest, TResponse> method, TRequest request, CancellationToken cancellationToken)
        where TRequest : IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        var token = await TokenAsync(channel, cancellationToken).ConfigureAwait(false);
        try
        {
            return await channel.CallAsync(method, request, RequestTimeout, token, cancellationToken).ConfigureAwait(false);
        }
        catch (GrpcException e) when (ForgetIfStale(token, e))
        {
            // Refused before anything was done: with a new token it is the first time.
            token = await TokenAsync(channel, cancellationToken).ConfigureAwait(false);
            return await channel.CallAsync(method, request, RequestTimeout, token, cancellationToken).ConfigureAwait(false);
        }
    }

    // A single endpoint is "left" for a fresh connection to itself: a connection that has stopped answering cannot be
    // told from a dead one, and pings take much longer than a lease lives. One that does answer is worth keeping.
    private void Leave(GrpcChannel failed, GrpcException error)
    {
        if (Endpoints.Count == 1 && error.IsAnswer)
        {
            return;
        }

        if (_rotation.Leave(failed) is { } next && Endpoints.Count > 1)
        {
            Log.EndpointLeft(_logger, EtcdAddress.Display(failed.Address), next, error.Message);
        }
    }
}
