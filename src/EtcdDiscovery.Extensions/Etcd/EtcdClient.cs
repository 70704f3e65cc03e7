using System.Collections.Concurrent;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

/// <summary>Calls the cluster. All calls use one endpoint; when it fails, they switch to the next one.</summary>
internal sealed partial class EtcdClient : IDisposable
{
    /// <summary>The maximum number of operations that etcd allows in a transaction by default.</summary>
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
        ProbeTimeout = new ProbeTimeout(options.RequestTimeout, _rotation.Endpoints.Count);
    }

    public IReadOnlyList<string> Endpoints => _rotation.Endpoints;

    public HistoryVerifier History { get; } = new();

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    public TimeProvider TimeProvider => _timeProvider;

    public ProbeTimeout ProbeTimeout { get; }

    /// <summary>Whether an endpoint answers progress requests. Etcd's grpc-proxy does not.</summary>
    public bool SupportsProgress(string endpoint) => !_withoutProgress.ContainsKey(endpoint);

    /// <summary>Notes that an endpoint has answered a progress request, perhaps after the deadline.</summary>
    public void NoteProgress(string endpoint) => _withoutProgress.TryRemove(endpoint, out _);

    /// <summary>Notes that an endpoint does not answer progress requests.</summary>
    public void NoteWithoutProgress(string endpoint)
    {
        if (_withoutProgress.TryAdd(endpoint, true))
        {
            Log.WithoutProgress(_logger, endpoint);
        }
    }

    /// <summary>Makes a unary call to the current endpoint, or to the next one if the current one cannot be reached.</summary>
    /// <param name="start">Starts the call. May be called more than once.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <param name="describeAccess">Describes the permission that the call needs; null if it needs none in particular.</param>
    public async Task<TResponse> CallAsync<TResponse>(
        Func<EtcdConnection, CallOptions, AsyncUnaryCall<TResponse>> start,
        CancellationToken cancellationToken,
        Func<string>? describeAccess = null)
    {
        for (var tries = 1; ; tries++)
        {
            var connection = _rotation.Current;
            try
            {
                return await CallWhileAliveAsync(connection, start, cancellationToken).ConfigureAwait(false);
            }
            catch (EtcdCallException e)
            {
                var failure = Fail(connection, e, describeAccess);
                if (!e.IsUnsent || tries >= Endpoints.Count)
                {
                    throw failure;
                }
            }
        }
    }

    /// <summary>Opens a stream to the current endpoint. The stream ends when that endpoint is left.</summary>
    public EtcdStream<TRequest, TResponse> Open<TRequest, TResponse>(
        Func<EtcdConnection, CallOptions, AsyncDuplexStreamingCall<TRequest, TResponse>> start)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> => new(this, _rotation.Current, start, _tokens.AtHand);

    /// <summary>Whether a user is configured, so that etcd may deny permission.</summary>
    public bool HasUser => _tokens.AreUsed;

    /// <summary>If a login is configured, ensures that there is a token for the streams that are opened next.</summary>
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

    /// <summary>Discards a token if an error says that etcd no longer accepts it.</summary>
    /// <returns>Whether the error says so.</returns>
    public bool ForgetIfStale(string? token, EtcdCallException error)
    {
        var isStale = HasUser && EtcdErrors.IsStaleToken(error);
        if (isStale)
        {
            _tokens.Forget(token);
        }

        return isStale;
    }

    /// <summary>
    /// Whether the current member answers a status request in time. Neither a slow disk nor an election delays the answer.
    /// </summary>
    public async Task<bool> IsAliveAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = new LinkedTimeout(limit, _timeProvider, cancellationToken);
        var connection = _rotation.Current;
        var began = _timeProvider.GetTimestamp();
        try
        {
            // Not a read, because a grpc-proxy answers some reads from its cache.
            await CallAsync(connection, (etcd, options) => etcd.Maintenance.StatusAsync(new StatusRequest(), options), timeout.Token)
                .ConfigureAwait(false);
        }
        catch (EtcdCallException)
        {
            // Either the member answered with an error, such as a denied permission, or it was left. The call itself reports other
            // failures.
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            ProbeTimeout.OnFailed();
            return false;
        }

        ProbeTimeout.OnAnswered(_timeProvider.GetElapsedTime(began));
        return true;
    }

    /// <summary>Leaves the endpoint if it caused the failure, and translates the failure.</summary>
    public EtcdDiscoveryException Fail(EtcdConnection connection, EtcdCallException error, Func<string>? describeAccess = null)
    {
        error = connection.Refine(error);
        if (EtcdErrors.BlamesEndpoint(error))
        {
            Leave(connection, error);
        }

        return EtcdErrors.Translate(EtcdAddress.Display(connection.Address), error, EtcdErrors.IsDenied(error) ? describeAccess?.Invoke() : null);
    }

    public void Dispose() => _rotation.Dispose();

    private ValueTask<string?> TokenAsync(EtcdConnection connection, CancellationToken cancellationToken) => _tokens.GetAsync(
        (request, token) => connection.CallAsync(
            (etcd, options) => etcd.Auth.AuthenticateAsync(request, options), RequestTimeout, token: null, token),
        cancellationToken);

    // A frozen member keeps its connections open. So if a call takes long and there is another member, a probe decides whether to wait.
    private async Task<TResponse> CallWhileAliveAsync<TResponse>(
        EtcdConnection connection, Func<EtcdConnection, CallOptions, AsyncUnaryCall<TResponse>> start, CancellationToken cancellationToken)
    {
        if (Endpoints.Count == 1)
        {
            return await CallAsync(connection, start, cancellationToken).ConfigureAwait(false);
        }

        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var began = _timeProvider.GetTimestamp();
        var calling = CallAsync(connection, start, giveUp.Token);
        try
        {
            await ((Task)calling).WaitAsync(ProbeTimeout.Current / 5, _timeProvider, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (!calling.IsCompleted && !await IsAliveAsync(ProbeTimeout.Current * 0.4, cancellationToken).ConfigureAwait(false))
            {
                await giveUp.CancelAsync().ConfigureAwait(false);
            }

            return await calling.ConfigureAwait(false);
        }
        catch (Exception error)
        {
            await ((Task)calling).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (error is OperationCanceledException)
            {
                throw CallDeadline.Exceeded(_timeProvider.GetElapsedTime(began));
            }

            throw;
        }
    }

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
            // Etcd rejected the call without executing it, so it can be repeated with a new token.
            token = await TokenAsync(connection, cancellationToken).ConfigureAwait(false);
            return await connection.CallAsync(start, RequestTimeout, token, cancellationToken).ConfigureAwait(false);
        }
    }

    // If there is only one endpoint, it gets a new connection: an unresponsive connection may be dead, and pings detect that only long
    // after the lease has expired. A connection that still answers is kept.
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
