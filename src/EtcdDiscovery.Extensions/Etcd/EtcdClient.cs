using System.Collections.Concurrent;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

/// <summary>The way to the cluster: one endpoint at a time for all calls, the next one when it fails.</summary>
internal sealed partial class EtcdClient : IDisposable
{
    /// <summary>The most operations that etcd takes in one transaction, unless it was configured otherwise.</summary>
    public const int MaxTxnOperations = 128;

    private readonly EtcdOptions _options;
    private readonly AuthTokens _tokens;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly LogThrottle _departures;
    private readonly EndpointRotation<EtcdConnection> _rotation;
    private readonly ConcurrentDictionary<string, bool> _withoutProgress = new(StringComparer.Ordinal);

    public EtcdClient(EtcdOptions options, AuthTokens tokens, TimeProvider timeProvider, ILogger logger)
    {
        _tokens = tokens;
        _options = options;
        _timeProvider = timeProvider;
        _logger = logger;
        _departures = new LogThrottle(timeProvider);
        _rotation = new(options.Endpoints, address => new EtcdConnection(address, options, timeProvider));
    }

    public IReadOnlyList<string> Endpoints => _rotation.Endpoints;

    public HistoryVerifier History { get; } = new();

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    public TimeProvider TimeProvider => _timeProvider;

    /// <summary>Whether an endpoint tells how far a watch has got when asked. Etcd's grpc-proxy does not.</summary>
    public bool TellsProgress(string endpoint) => !_withoutProgress.ContainsKey(endpoint);

    /// <summary>An endpoint has told a watch's progress, maybe later than was waited for.</summary>
    public void NoteProgress(string endpoint) => _withoutProgress.TryRemove(endpoint, out _);

    /// <summary>An endpoint does not tell a watch's progress.</summary>
    public void NoteWithoutProgress(string endpoint)
    {
        if (_withoutProgress.TryAdd(endpoint, true))
        {
            Log.WithoutProgress(_logger, endpoint);
        }
    }

    /// <summary>One request, one answer, from the endpoint in use, or from the next one when that cannot be reached at all.</summary>
    /// <param name="start">Starts the call, maybe more than once.</param>
    /// <param name="cancellationToken">Gives the call up.</param>
    public async Task<TResponse> CallAsync<TResponse>(
        Func<EtcdConnection, CallOptions, AsyncUnaryCall<TResponse>> start, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var connection = _rotation.Current;
            try
            {
                return await CallAsync(connection, start, cancellationToken).ConfigureAwait(false);
            }
            catch (EtcdCallException e)
            {
                var failure = Fail(connection, e);
                if (!e.IsUnsent || tries >= Endpoints.Count)
                {
                    throw failure;
                }
            }
        }
    }

    /// <summary>A stream over the endpoint in use. It ends when that endpoint is left.</summary>
    public EtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(
        Func<EtcdConnection, CallOptions, AsyncDuplexStreamingCall<TRequest, TResponse>> start)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> => new(this, _rotation.Current, start, _tokens.AtHand);

    /// <summary>Whether a user is configured, who may be refused.</summary>
    public bool HasUser => _tokens.AreUsed;

    /// <summary>Makes sure that there is a token at hand, if etcd asks for one, for the streams that are opened next.</summary>
    /// <returns>The token.</returns>
    public async Task<string?> AuthenticateAsync(CancellationToken cancellationToken)
    {
        var connection = _rotation.Current;
        try
        {
            return await TokenAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdCallException e)
        {
            throw Fail(connection, e);
        }
    }

    /// <summary>Etcd does not take a token any more.</summary>
    /// <returns>Whether that is what the error says.</returns>
    public bool ForgetIfStale(string? token, EtcdCallException error)
    {
        var isStale = HasUser && EtcdErrors.IsStaleToken(error);
        if (isStale)
        {
            _tokens.Forget(token);
        }

        return isStale;
    }

    /// <summary>Leaves the endpoint if it is to blame, and says what the failure means.</summary>
    public EtcdDiscoveryException Fail(EtcdConnection connection, EtcdCallException error)
    {
        error = connection.Refine(error);
        if (EtcdErrors.BlamesEndpoint(error))
        {
            Leave(connection, error);
        }

        return EtcdErrors.Translate(EtcdAddress.Display(connection.Address), error);
    }

    public void Dispose() => _rotation.Dispose();

    private ValueTask<string?> TokenAsync(EtcdConnection connection, CancellationToken cancellationToken) => _tokens.GetAsync(
        (request, token) => connection.CallAsync(
            (etcd, options) => etcd.Auth.AuthenticateAsync(request, options), RequestTimeout, token: null, token),
        cancellationToken);

    private async Task<TResponse> CallAsync<TResponse>(
        EtcdConnection connection, Func<EtcdConnection, CallOptions, AsyncUnaryCall<TResponse>> start, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(connection, cancellationToken).ConfigureAwait(false);
        try
        {
            return await connection.CallAsync(start, RequestTimeout, token, cancellationToken).ConfigureAwait(false);
        }
        catch (EtcdCallException e) when (ForgetIfStale(token, e))
        {
            // Refused before anything was done: with a new token it is the first time.
            token = await TokenAsync(connection, cancellationToken).ConfigureAwait(false);
            return await connection.CallAsync(start, RequestTimeout, token, cancellationToken).ConfigureAwait(false);
        }
    }

    // A single endpoint is "left" for a fresh connection to itself: a connection that has stopped answering cannot be
    // told from a dead one, and pings take much longer than a lease lives. One that does answer is worth keeping.
    private void Leave(EtcdConnection failed, EtcdCallException error)
    {
        if (Endpoints.Count == 1 && error.IsAnswer)
        {
            return;
        }

        if (_rotation.Leave(failed) is { } next && Endpoints.Count > 1 && _departures.Allows(out var leftOut))
        {
            Log.EndpointLeft(_logger, EtcdAddress.Display(failed.Address), next, error.Message, leftOut);
        }
    }
}
