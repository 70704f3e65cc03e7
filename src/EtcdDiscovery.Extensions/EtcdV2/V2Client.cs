using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Sends requests to the current member. When that member fails, switches to the next one.</summary>
internal sealed partial class V2Client : IDisposable
{
    private const string Disabled = "\"enabled\":false";

    private readonly EtcdOptions _options;
    private readonly Func<EtcdLogin?> _login;
    private readonly ILogger _logger;
    private readonly LogThrottle _departures;
    private readonly EndpointRotation<V2Connection> _rotation;
    private volatile bool _hasCheckedLogin;

    /// <param name="options">How to connect to etcd.</param>
    /// <param name="login">Returns the current login; null if none is configured.</param>
    /// <param name="timeProvider">The clock.</param>
    /// <param name="logger">The logger.</param>
    public V2Client(EtcdOptions options, Func<EtcdLogin?> login, TimeProvider timeProvider, ILogger logger)
    {
        _options = options;
        _login = login;
        _logger = logger;
        _departures = new LogThrottle(timeProvider);
        TimeProvider = timeProvider;
        ProbeTimeout = new ProbeTimeout(options.RequestTimeout, options.Endpoints.Count);
        _rotation = new(options.Endpoints, address => V2Http.Connect(address, options, timeProvider, login));
    }

    public IReadOnlyList<string> Endpoints => _rotation.Endpoints;

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    public TimeProvider TimeProvider { get; }

    public ProbeTimeout ProbeTimeout { get; }

    public Task<V2Response> CallAsync(V2Request request, CancellationToken cancellationToken) =>
        CallAsync(request, RequestTimeout, cancellationToken);

    /// <summary>Sends a request to the current member, or to the next one if the current one cannot be reached.</summary>
    public Task<V2Response> CallAsync(V2Request request, TimeSpan timeout, CancellationToken cancellationToken)
    {
        return ReachAsync(timeout, ExchangeAsync, request, cancellationToken);

        async Task<V2Response> ExchangeAsync(V2Connection connection, CancellationToken token)
        {
            using var response = await connection.SendAsync(request, token).ConfigureAwait(false);
            return await V2Response.ReadAsync(response, token).ConfigureAwait(false);
        }
    }

    /// <summary>Starts to poll for a change; completes when the member has accepted the poll.</summary>
    public async Task<V2Poll> PollAsync(StoreRange range, long index, CancellationToken cancellationToken)
    {
        var connection = _rotation.Current;
        var request = V2Request.Wait(range, index);
        try
        {
            return await V2Poll.OpenAsync(this, connection, request, cancellationToken).ConfigureAwait(false);
        }
        catch (V2Failure failure)
        {
            throw Fail(connection, failure, request);
        }
    }

    /// <summary>Leaves the current member if it is frozen or has no leader, because polls would never be answered.</summary>
    public async Task CheckAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var connection = _rotation.Current;
        var start = TimeProvider.GetTimestamp();
        try
        {
            await WithinAsync(timeout, token => AskForLeaderAsync(connection, token), cancellationToken).ConfigureAwait(false);
            ProbeTimeout.OnAnswered(TimeProvider.GetElapsedTime(start));
        }
        catch (V2Failure failure)
        {
            if (failure.IsSilence)
            {
                ProbeTimeout.OnFailed();
            }

            // The member answers, so other failures are no reason to leave it. Reads and writes report them.
            if (failure.BlamesEndpoint)
            {
                Leave(connection, connection.Refine(failure));
            }
        }
    }

    /// <summary>
    /// Verifies that the server is an etcd with the v2 API and has a leader. Reads no key, because the user may not have permission.
    /// </summary>
    /// <param name="timeout">The time limit for the current member, if there is another member to try.</param>
    /// <param name="cancellationToken">Cancels the probe.</param>
    public async Task ProbeAsync(TimeSpan timeout, CancellationToken cancellationToken)
    {
        // Members answer this request from memory, and repeating it is safe, so an unresponsive member is left before the request times
        // out. If the next member does not respond either, this process or the network is probably slow.
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
                // If the failure persists, the call below reports it.
            }
        }

        await ReachAsync(RequestTimeout, AskForLeaderAsync, V2Request.Leader, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Logs a warning if a login is configured, but etcd's authentication is disabled. Only the first call with a login checks.
    /// </summary>
    public async Task CheckLoginAsync(CancellationToken cancellationToken)
    {
        if (_hasCheckedLogin || _login() is null)
        {
            return;
        }

        _hasCheckedLogin = true;
        var connection = _rotation.Current;
        try
        {
            if (await WithinAsync(RequestTimeout, token => IsDisabledAsync(connection, token), cancellationToken).ConfigureAwait(false))
            {
                Log.AuthenticationDisabled(_logger);
            }
        }
        catch (V2Failure)
        {
            // The result only decides whether to log a warning.
        }
    }

    /// <summary>Runs an action with a time limit. Throws only <see cref="V2Failure"/> or the caller's cancellation.</summary>
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

    /// <summary>Leaves the member if it caused the failure, and translates the failure.</summary>
    /// <param name="connection">The member.</param>
    /// <param name="failure">The failure.</param>
    /// <param name="request">The request.</param>
    public EtcdDiscoveryException Fail(V2Connection connection, V2Failure failure, V2Request request)
    {
        failure = connection.Refine(failure);
        // If there is only one member, it gets new connections unless it answers.
        if (failure.BlamesEndpoint && (Endpoints.Count > 1 || !failure.IsAnswer))
        {
            Leave(connection, failure);
        }

        return failure.Translate(connection.Endpoint, request);
    }

    public void Dispose() => _rotation.Dispose();

    private static async Task<bool> IsDisabledAsync(V2Connection connection, CancellationToken cancellationToken)
    {
        using var response = await connection.SendAsync(V2Request.Authentication, cancellationToken).ConfigureAwait(false);
        var body = await V2Response.ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false);
        return response.IsSuccessStatusCode && Encoding.UTF8.GetString(body.Span).Contains(Disabled, StringComparison.Ordinal);
    }

    private static async Task<bool> AskForLeaderAsync(V2Connection connection, CancellationToken cancellationToken)
    {
        using var response = await connection.SendAsync(V2Request.Leader, cancellationToken).ConfigureAwait(false);
        await V2Response.CheckAsync(response, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>Runs an action with the current member, or with the next one if the current one cannot be reached.</summary>
    private async Task<T> ReachAsync<T>(
        TimeSpan timeout, Func<V2Connection, CancellationToken, Task<T>> action, V2Request request, CancellationToken cancellationToken)
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
                var error = Fail(connection, failure, request);
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
