using System.Diagnostics.CodeAnalysis;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Stores.Etcd.Watching;

/// <summary>One stream to etcd with the watches of many subscriptions on it. When it ends, all of them fail.</summary>
internal sealed partial class WatchStream : IAsyncDisposable
{
    // The id of what concerns all watches of a stream.
    private const long EveryWatch = -1;

    // A frozen member keeps its connections: a quiet stream is asked this often whether it is still there.
    private static readonly TimeSpan PulseInterval = TimeSpan.FromSeconds(5);

    private readonly EtcdClient _client;
    private readonly EtcdStream<WatchRequest, WatchResponse> _stream;
    private readonly EtcdHistory _history;
    private readonly ILogger _logger;
    private readonly Lock _sync = new();
    private readonly Dictionary<long, WatchedRange> _ranges = [];
    private readonly Queue<long> _unanswered = [];
    // Never disposed: it has no timer, and a subscription may still abort a stream that is over.
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;
    private readonly Task _pulsing;
    private volatile TaskCompletionSource _heard = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private EtcdCallException? _abortReason;
    private long _lastId;
    private bool _ended;
    private bool _retired;

    public WatchStream(EtcdClient client, ILogger<WatchStream> logger, WatchSubscription first)
    {
        _client = client;
        _history = client.History;
        _logger = logger;
        _stream = client.Open((etcd, options) => etcd.Watch.Watch(options));
        Log.Opened(_logger, _stream.Endpoint);
        TryAttach(first);
        _reading = ReadAsync();
        _pulsing = PulseAsync();
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

    /// <summary>No subscription comes any more: the stream ends with its last one.</summary>
    public void Retire()
    {
        lock (_sync)
        {
            _retired = true;
        }

        EndIfIdle();
    }

    /// <summary>Asks for a subscription's watches.</summary>
    /// <returns>Whether the stream was still there to ask.</returns>
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
                var id = ++_lastId;
                _ranges.Add(id, new WatchedRange(subscription, i, _history));
                _unanswered.Enqueue(id);
                _stream.Write(Create(id, subscription.Ranges[i], subscription.After));
            }

            return true;
        }
    }

    /// <summary>Forgets a subscription and cancels its watches; nothing happens when that is done already.</summary>
    public void Detach(WatchSubscription subscription)
    {
        lock (_sync)
        {
            foreach (var (id, range) in _ranges)
            {
                if (range.Subscription == subscription && _ranges.Remove(id))
                {
                    _stream.Write(new WatchRequest { CancelRequest = new() { WatchId = id } });
                }
            }
        }

        EndIfIdle();
    }

    /// <summary>Ends the stream, and with it every subscription, for a reason of ours.</summary>
    public void Abort(EtcdCallException reason)
    {
        Interlocked.CompareExchange(ref _abortReason, reason, null);
        _ending.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Abort(new EtcdCallException(StatusCode.FailedPrecondition, "the store was disposed") { IsAnswer = true });
        await _reading.ConfigureAwait(false);
        await _pulsing.ConfigureAwait(false);
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                var response = await _stream.ReadAsync(_ending.Token).ConfigureAwait(false);
                _heard.TrySetResult();
                Dispatch(response);
            }
        }
        catch (Exception e)
        {
            End(_ending.IsCancellationRequested ? _abortReason! : e as EtcdCallException ?? EtcdCallException.OnTheWay(e));
        }

        await _ending.CancelAsync().ConfigureAwait(false);
        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private async Task PulseAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(PulseInterval, _client.TimeProvider, _ending.Token).ConfigureAwait(false);
                if (TryAskForProgress(out var answer))
                {
                    await answer.WaitAsync(_client.RequestTimeout, _client.TimeProvider, _ending.Token).ConfigureAwait(false);
                }
            }
        }
        catch (TimeoutException)
        {
            Abort(CallDeadline.Exceeded(_client.RequestTimeout));
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
        }
    }

    /// <summary>Asks how far the stream has got, if anything is watched. Any response is an answer.</summary>
    private bool TryAskForProgress([NotNullWhen(true)] out Task? answer)
    {
        answer = null;
        lock (_sync)
        {
            if (_ended || _ranges.Count == 0)
            {
                return false;
            }

            _heard = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _stream.Write(new WatchRequest { ProgressRequest = new() });
            answer = _heard.Task;
            return true;
        }
    }

    private void Dispatch(WatchResponse response)
    {
        // A watch that is refused has this id too.
        if (response is { WatchId: EveryWatch, Created: false, Canceled: false })
        {
            ReportProgress(response.Header);
            return;
        }

        WatchedRange? range;
        lock (_sync)
        {
            // etcd answers creations in their order, and one that it refuses without telling its id.
            var id = response.Created && _unanswered.TryDequeue(out var oldest) ? oldest : response.WatchId;
            _ranges.TryGetValue(id, out range);
        }

        // Not there: cancelled by us while the response was on its way.
        if (range?.Accept(response) is { } failure)
        {
            Log.WatchEnded(_logger, _stream.Endpoint, failure.Message);
            Detach(range.Subscription);
            range.Subscription.Fail(failure);
        }
    }

    // Tells only that the stream lives: before 3.4.25 and 3.5.8 etcd may answer before it has sent all changes up to there.
    private void ReportProgress(ResponseHeader header)
    {
        foreach (var subscription in Subscriptions())
        {
            subscription.Report(_history.IdOf(header));
        }
    }

    private WatchSubscription[] Subscriptions()
    {
        lock (_sync)
        {
            return [.. _ranges.Values.Select(range => range.Subscription).Distinct()];
        }
    }

    private void EndIfIdle()
    {
        lock (_sync)
        {
            if (!_retired || _ended || _ranges.Count > 0)
            {
                return;
            }
        }

        Abort(new EtcdCallException(StatusCode.Cancelled, "no watch is left on it") { IsAnswer = true });
    }

    private void End(EtcdCallException reason)
    {
        WatchSubscription[] subscriptions;
        lock (_sync)
        {
            _ended = true;
            if (!_retired)
            {
                // While another stream goes on, changes are still seen.
                _history.Interrupt();
            }

            subscriptions = Subscriptions();
            _ranges.Clear();
        }

        Log.Ended(_logger, _stream.Endpoint, reason.Message);
        _stream.Fail(reason);
        // An exception each, since each is thrown on a thread of its own.
        foreach (var subscription in subscriptions)
        {
            subscription.Fail(_stream.Fail(reason));
        }
    }

    private static WatchRequest Create(long id, StoreRange range, StoreRevision after) => new()
    {
        CreateRequest = new WatchCreateRequest
        {
            WatchId = id,
            Key = ByteString.CopyFromUtf8(range.Key),
            RangeEnd = EtcdConvert.EndOf(range),
            StartRevision = after.Number + 1,
            // Moves a quiet watcher's revision on, so that it is not found compacted when the stream is resumed.
            ProgressNotify = true,
            Fragment = true,
        },
    };
}
