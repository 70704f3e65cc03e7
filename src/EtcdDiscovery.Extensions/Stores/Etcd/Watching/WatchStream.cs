using EtcdDiscovery.Stores.Etcd.Grpc;
using EtcdDiscovery.Stores.Etcd.Protos;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Stores.Etcd.Watching;

/// <summary>One stream to etcd with the watches of many subscriptions on it. When it ends, all of them fail.</summary>
internal sealed partial class WatchStream : IAsyncDisposable
{
    private readonly EtcdStream<WatchRequest, WatchResponse> _stream;
    private readonly EtcdHistory _history;
    private readonly ILogger _logger;
    private readonly Lock _sync = new();
    private readonly Dictionary<long, WatchedRange> _ranges = [];
    private readonly Queue<long> _unanswered = [];
    // Never disposed: it has no timer, and a subscription may still abort a stream that is over.
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _reading;
    private GrpcException? _abortReason;
    private long _lastId;
    private bool _ended;

    public WatchStream(EtcdClient client, ILogger<WatchStream> logger, WatchSubscription first)
    {
        _history = client.History;
        _logger = logger;
        _stream = client.Open(EtcdMethods.Watch);
        Log.Opened(_logger, _stream.Endpoint);
        TryAttach(first);
        _reading = ReadAsync();
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
    }

    /// <summary>Ends the stream, and with it every subscription, for a reason of ours.</summary>
    public void Abort(GrpcException reason)
    {
        Interlocked.CompareExchange(ref _abortReason, reason, null);
        _ending.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        Abort(new GrpcException(GrpcStatusCode.FailedPrecondition, "the store was disposed") { IsAnswer = true });
        await _reading.ConfigureAwait(false);
    }

    private async Task ReadAsync()
    {
        try
        {
            while (true)
            {
                Dispatch(await _stream.ReadAsync(_ending.Token).ConfigureAwait(false));
            }
        }
        catch (Exception e)
        {
            End(_ending.IsCancellationRequested ? _abortReason! : GrpcTransport.Explain(e));
        }

        await _stream.DisposeAsync().ConfigureAwait(false);
    }

    private void Dispatch(WatchResponse response)
    {
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

    private void End(GrpcException reason)
    {
        WatchSubscription[] subscriptions;
        _history.Interrupt();
        lock (_sync)
        {
            _ended = true;
            subscriptions = [.. _ranges.Values.Select(range => range.Subscription).Distinct()];
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
