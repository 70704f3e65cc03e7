using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Etcdserverpb;

namespace EtcdDiscovery.Etcd;

/// <summary>Renews one lease over a stream, which is reopened after a failure.</summary>
internal sealed class EtcdKeepAlive : IAsyncDisposable
{
    private readonly EtcdClient _client;
    private readonly LeaseKeepAliveRequest _request;
    private readonly RenewalTimeout _timeout;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private EtcdStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse>? _stream;
    private Task<LeaseKeepAliveResponse>? _nextAnswer;
    private bool _needsToken;
    private bool _disposed;

    public EtcdKeepAlive(EtcdClient client, long lease, TimeSpan timeToLive, TimeSpan grantLatency)
    {
        _client = client;
        _request = new LeaseKeepAliveRequest { ID = lease };
        _timeout = new RenewalTimeout(client.RequestTimeout, timeToLive, client.Endpoints.Count, grantLatency);
    }

    /// <summary>Renews the lease once.</summary>
    public async Task RenewAsync(CancellationToken cancellationToken)
    {
        // Responses cannot be matched to requests, so only one request may be in flight on the stream.
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(EtcdSession));
            await ExchangeAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        _disposed = true;
        await CloseStreamAsync().ConfigureAwait(false);
        _gate.Release();
    }

    private async Task ExchangeAsync(CancellationToken cancellationToken)
    {
        // A response that arrives unexpectedly would be mistaken for the response to the next request.
        if (_stream is { IsLeft: true } || _nextAnswer is { IsCompletedSuccessfully: true })
        {
            await CloseStreamAsync().ConfigureAwait(false);
        }

        using var deadline = new CallDeadline(_timeout.Current, _client.TimeProvider, cancellationToken);
        if (_needsToken)
        {
            // Only if necessary: etcd lets every client renew leases, and a wrong password must not cost the lease.
            await _client.AuthenticateAsync(deadline.Token).ConfigureAwait(false);
            _needsToken = false;
        }

        var stream = _stream ??= _client.Open((etcd, options) => etcd.Lease.LeaseKeepAlive(options));
        var asked = _client.TimeProvider.GetTimestamp();
        LeaseKeepAliveResponse answer;
        try
        {
            stream.Write(_request);
            answer = await (_nextAnswer ??= ReadAsync(stream)).WaitAsync(deadline.Token).ConfigureAwait(false);
            _nextAnswer = ReadAsync(stream);
            _timeout.OnAnswered(_client.TimeProvider.GetElapsedTime(asked));
        }
        catch (Exception e)
        {
            _timeout.OnFailed();
            // The response may still arrive, and would be mistaken for the response to the next request.
            await CloseStreamAsync().ConfigureAwait(false);
            var explained = deadline.Explain(e);
            if (explained is not EtcdCallException error)
            {
                throw explained;
            }

            _needsToken = _client.ForgetIfStale(stream.Token, error);
            throw stream.Fail(error);
        }

        if (!_client.SupportsProgress(stream.Endpoint))
        {
            // A grpc-proxy answers a second renewal on the same stream only when it renews the lease itself.
            await CloseStreamAsync().ConfigureAwait(false);
        }

        if (answer.ID != _request.ID)
        {
            _timeout.OnFailed();
            await CloseStreamAsync().ConfigureAwait(false);
            throw EtcdErrors.ProtocolViolation($"a renewal of lease {answer.ID} instead of {_request.ID}");
        }

        if (answer.TTL <= 0)
        {
            throw new SessionLostException($"Etcd at {stream.Endpoint}: the lease has expired or was revoked.");
        }
    }

    private async ValueTask CloseStreamAsync()
    {
        if (_stream is { } stream)
        {
            _stream = null;
            await stream.DisposeAsync().ConfigureAwait(false);
            await (_nextAnswer ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _nextAnswer = null;
        }
    }

    // Not cancelable, because the read ends with the stream. Marked as observed, because there may be no later exchange that awaits it.
    private static Task<LeaseKeepAliveResponse> ReadAsync(EtcdStream<LeaseKeepAliveRequest, LeaseKeepAliveResponse> stream) =>
        Background.Observed(stream.ReadAsync(CancellationToken.None).AsTask());
}
