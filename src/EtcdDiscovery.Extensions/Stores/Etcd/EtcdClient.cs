using EtcdDiscovery.Stores.Etcd.Grpc;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>The way to the cluster: one endpoint at a time for everybody, the next one when it fails.</summary>
internal sealed partial class EtcdClient : IDisposable
{
    private readonly EtcdOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly EndpointRotation<GrpcChannel> _rotation;

    public EtcdClient(EtcdOptions options, TimeProvider timeProvider, ILogger<EtcdClient> logger)
    {
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
                return await channel.CallAsync(method, request, RequestTimeout, cancellationToken).ConfigureAwait(false);
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
        return new EtcdStream<TRequest, TResponse>(this, channel, channel.Open(method));
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
