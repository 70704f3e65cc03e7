using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Requests to the member in use, and the decision to leave it for the next one.</summary>
internal sealed partial class V2Client : IDisposable
{
    private readonly EtcdOptions _options;
    private readonly ILogger _logger;
    private readonly LogThrottle _departures;
    private readonly EndpointRotation<V2Connection> _rotation;

    /// <param name="options">How to reach etcd.</param>
    /// <param name="login">The login as it is now; null when etcd asks for none.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">Where to log to.</param>
    public V2Client(EtcdOptions options, Func<EtcdLogin?> login, TimeProvider timeProvider, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _departures = new LogThrottle(timeProvider);
        TimeProvider = timeProvider;
        _rotation = new(options.Endpoints, address => V2Http.Connect(address, options, timeProvider, login));
    }

    public IReadOnlyList<string> Endpoints => _rotation.Endpoints;

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    public TimeProvider TimeProvider { get; }

    public Task<V2Response> CallAsync(V2Request request, CancellationToken cancellationToken) =>
        CallAsync(request, RequestTimeout, cancellationToken);

    /// <summary>One request, one answer, from the member in use, or from the next one when that cannot be reached at all.</summary>
    public Task<V2Response> CallAsync(V2Request request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        return ReachAsync(timeout, ExchangeAsync, cancellationToken);

        async Task<V2Response> ExchangeAsync(V2Connection connection, CancellationToken token)
        {
            using var response = await connection.SendAsync(request, token).ConfigureAwait(false);
            return await V2Response.ReadAsync(response, token).ConfigureAwait(false);
        }
    }

    /// <summary>Begins to wait for a change; completes when the member has confirmed that it will tell.</summary>
    public async Task<V2Poll> PollAsync(StoreRange range, long index, CancellationToken cancellationToken)
    {
        var connection = _rotation.Current;
        try
        {
            return await V2Poll.OpenAsync(this, connection, V2Request.Wait(range, index), cancellationToken).ConfigureAwait(false);
        }
        catch (V2Failure failure)
        {
            throw Fail(connection, failure);
        }
    }

    /// <summary>Leaves the member in use when it is frozen or has no leader: polls would stay silent for ever.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var connection = _rotation.Current;
        try
        {
            await WithinAsync(RequestTimeout, token => AskForLeaderAsync(connection, token), cancellationToken).ConfigureAwait(false);
        }
        catch (V2Failure failure)
        {
            // Who answers is worth keeping otherwise; what it takes offence at is for those to tell who read and write.
            if (failure.BlamesEndpoint)
            {
                Leave(connection, connection.Refine(failure));
            }
        }
    }

    /// <summary>Makes sure that there is an etcd with the v2 API and a leader. Reads no key: a role may allow only some.</summary>
    /// <param name="timeout">How long the member in use may take if there is another one to ask.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Members answer this from memory, and asking twice does no harm: a silent one is not worth the whole request timeout. Should
        // the next one be silent as well, it is rather this process or the network that is slow.
        if (Endpoints.Count > 1)
        {
            var connection = _rotation.Current;
            try
            {
                await WithinAsync(timeout, token => AskForLeaderAsync(connection, token), cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (V2Failure failure) when (failure.IsSilence)
            {
                Leave(connection, failure);
            }
            catch (V2Failure)
            {
                // Told below, should it last.
            }
        }

        await ReachAsync(RequestTimeout, AskForLeaderAsync, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Does something within a time; whatever goes wrong is a <see cref="V2Failure"/> or the caller's cancellation.</summary>
    public async Task<T> WithinAsync<T>(TimeSpan time, Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        using var timeout = new LinkedTimeout(time, TimeProvider, cancellationToken);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            return await action(timeout.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is not V2Failure)
        {
            if (timeout.HasExpired)
            {
                throw V2Failure.OfSilence(time);
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw V2Failure.OfTransport(e);
        }
    }

    /// <summary>Leaves the member if it is to blame, and says what the failure means.</summary>
    public EtcdDiscoveryException Fail(V2Connection connection, V2Failure failure)
    {
        failure = connection.Refine(failure);
        // The only one there is, is "left" for fresh connections to it. One that answers is worth keeping.
        if (failure.BlamesEndpoint && (Endpoints.Count > 1 || !failure.IsAnswer))
        {
            Leave(connection, failure);
        }

        return failure.Translate(connection.Endpoint);
    }

    public void Dispose() => _rotation.Dispose();

    private static async Task<bool> AskForLeaderAsync(V2Connection connection, CancellationToken cancellationToken)
    {
        using var response = await connection.SendAsync(V2Request.Leader, cancellationToken).ConfigureAwait(false);
        await V2Response.CheckAsync(response, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Does something with the member in use, or with the next one when that cannot be reached at all.</summary>
    private async Task<T> ReachAsync<T>(
        TimeSpan timeout, Func<V2Connection, CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var connection = _rotation.Current;
            try
            {
                return await WithinAsync(timeout, token => action(connection, token), cancellationToken).ConfigureAwait(false);
            }
            catch (V2Failure failure)
            {
                var error = Fail(connection, failure);
                if (!failure.IsUnsent || tries >= Endpoints.Count)
                {
                    throw error;
                }
            }
        }
    }

    private void Leave(V2Connection connection, V2Failure failure)
    {
        if (_rotation.Leave(connection) is { } next && Endpoints.Count > 1 && _departures.Allows(out var leftOut))
        {
            Log.EndpointLeft(_logger, connection.Endpoint, next, failure.Message, leftOut);
        }
    }
}
