using Etcdserverpb;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>One stream to etcd with the watches of many subscriptions. When the stream ends, all of the subscriptions fail.</summary>
internal sealed partial class WatchStream : IAsyncDisposable
{
    // The watch id of responses that concern all watches of the stream.
    private const long EveryWatch = -1;

    private readonly EtcdClient _client;
    private readonly EtcdStream<WatchRequest, WatchResponse> _stream;
    private readonly HistoryVerifier _history;
    private readonly ILogger _logger;
    private readonly Lock _sync = new();
    private readonly WatchTable _watches = new();
    private readonly WatchLivenessProbe _livenessProbe;
    // Never disposed: it has no timer, and a subscription may abort a stream that has ended.
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;
    private readonly Task _probing;
    private EtcdCallException? _abortReason;
    private bool _ended;
    private bool _retired;

    public WatchStream(EtcdClient client, ILogger logger, WatchSubscription first)
    {
        _client = client;
        _history = client.History;
        _logger = logger;
        _stream = client.Open((etcd, options) => etcd.Watch.Watch(options));
        _livenessProbe = new WatchLivenessProbe(client, _stream.Endpoint);
        Log.Opened(_logger, _stream.Endpoint);
        TryAttach(first);
        _reading = ReadAsync();
        _probing = ProbeAsync();
    }

    /// <inheritdoc cref="EtcdStream{TRequest, TResponse}.Token"/>
    public string? Token => _stream.Token;

    public bool HasEnded
    {
        get
        {
            lock (_sync)
            {
                return _ended;
            }
        }
    }

    /// <summary>Makes the stream end when its last subscription ends. No subscription may be attached afterwards.</summary>
    public void Retire()
    {
        lock (_sync)
        {
            _retired = true;
        }

        EndIfIdle();
    }

    /// <summary>Creates a subscription's watches.</summary>
    /// <returns>False if the stream has ended.</returns>
    public bool TryAttach(WatchSubscription subscription)
    {
        lock (_sync)
        {
            if (_ended)
            {
                return false;
            }

            for (var i = 0; i < subscription.Ranges.Count; i++)
            {
                _watches.Add(new WatchedRange(subscription, i, _history));
            }

            SendCreations();
            return true;
        }
    }

    /// <summary>Removes a subscription and cancels its watches. Can be repeated.</summary>
    public void Detach(WatchSubscription subscription)
    {
        lock (_sync)
        {
            foreach (var id in _watches.Remove(subscription))
            {
                Cancel(id);
            }
        }

        EndIfIdle();
    }

    /// <summary>Ends the stream and every subscription, for a local reason.</summary>
    public void Abort(EtcdCallException reason)
    {
        Interlocked.CompareExchange(ref _abortReason, reason, null);
        _ending.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Abort(new EtcdCallException(StatusCode.FailedPrecondition, "the store was disposed") { IsAnswer = true });
        await _reading.ConfigureAwait(false);
        await _probing.ConfigureAwait(false);
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var response = await _stream.ReadAsync(_ending.Token).ConfigureAwait(false);
                _livenessProbe.OnResponse(isProgress: IsProgress(response));
                Dispatch(response);
            }
        }
        catch (Exception e)
        {
            End(_ending.IsCancellationRequested ? _abortReason! : e as EtcdCallException ?? EtcdCallException.FromTransport(e));
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task ProbeAsync()
    {
        try
        {
            Abort(await _livenessProbe.RunAsync(TryAsk, _ending.Token).ConfigureAwait(false));
        }
        catch (Exception error) when (!_ending.IsCancellationRequested)
        {
            // The probe failed, for example because the store was disposed. Without a probe, a dead stream would go unnoticed.
            Abort(EtcdCallException.FromTransport(error));
        }
        catch
        {
            // The stream has ended, so the probe's result does not matter.
        }
    }

    /// <summary>Requests the progress of the stream, if the argument is true.</summary>
    /// <returns>Whether anything is watched.</returns>
    private bool TryAsk(bool forProgress)
    {
        lock (_sync)
        {
            if (_ended || _watches.Subscriptions.Length == 0)
            {
                return false;
            }

            if (forProgress)
            {
                _stream.Write(new WatchRequest { ProgressRequest = new() });
            }

            return true;
        }
    }

    private void Dispatch(WatchResponse response)
    {
        if (IsProgress(response))
        {
            ReportProgress(response.Header);
            return;
        }

        WatchedRange? range;
        EtcdDiscoveryException? failure = null;
        lock (_sync)
        {
            range = response.Created ? TakeCreated(response, out failure) : _watches.Find(response.WatchId);
        }

        if (response is { Created: true, Canceled: false } && !_watches.KeepsIds)
        {
            _client.NoteWithoutProgress(_stream.Endpoint);
        }

        // Null if the watch was canceled while the response was in flight.
        failure ??= range?.Accept(response);
        if (range is not null && failure is not null)
        {
            Log.WatchEnded(_logger, _stream.Endpoint, failure.Message);
            Detach(range.Subscription);
            range.Subscription.Fail(failure);
        }
    }

    // The response to a rejected watch has this id as well.
    private static bool IsProgress(WatchResponse response) =>
        response is { WatchId: EveryWatch, Created: false, Canceled: false };

    private WatchedRange? TakeCreated(WatchResponse response, out EtcdDiscoveryException? failure)
    {
        failure = _watches.TryTakeCreated(response, out var range) ? null : EtcdErrors.ProtocolViolation($"a watch with the id {response.WatchId}");
        SendCreations();
        if (range is { IsDetached: true })
        {
            Cancel(response.WatchId);
            return null;
        }

        return range;
    }

    private void SendCreations()
    {
        foreach (var creation in _watches.NextCreations())
        {
            _stream.Write(creation);
        }
    }

    private void Cancel(long id) => _stream.Write(new WatchRequest { CancelRequest = new() { WatchId = id } });

    // Progress proves only that the stream is alive: before 3.4.25 and 3.5.8, etcd may report it before it has sent all changes up to that
    // revision.
    private void ReportProgress(ResponseHeader header)
    {
        WatchSubscription[] subscriptions;
        lock (_sync)
        {
            subscriptions = _watches.Subscriptions;
        }

        foreach (var subscription in subscriptions)
        {
            subscription.Report(_history.IdOf(header));
        }
    }

    private void EndIfIdle()
    {
        lock (_sync)
        {
            if (!_retired || _ended || !_watches.IsEmpty)
            {
                return;
            }
        }

        Abort(new EtcdCallException(StatusCode.Cancelled, "it has no watches left") { IsAnswer = true });
    }

    private void End(EtcdCallException reason)
    {
        WatchSubscription[] subscriptions;
        lock (_sync)
        {
            _ended = true;
            if (!_retired)
            {
                // If the stream was retired, another stream still reports changes.
                _history.Interrupt();
            }

            subscriptions = _watches.Subscriptions;
            _watches.Clear();
        }

        Log.Ended(_logger, _stream.Endpoint, reason.Message);
        _stream.Fail(reason);
        // Each subscription gets its own exception, because each throws it on a different thread.
        foreach (var subscription in subscriptions)
        {
            subscription.Fail(_stream.Fail(reason));
        }
    }
}
