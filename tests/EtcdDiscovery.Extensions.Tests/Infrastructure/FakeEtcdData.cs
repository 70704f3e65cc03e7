using System.Threading.Channels;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The keys, leases and watches of a <see cref="FakeEtcd"/>. Leases expire on access.</summary>
internal sealed class FakeEtcdData(TimeProvider timeProvider)
{
    private const ulong ClusterId = 7;

    private readonly Lock _sync = new();
    private readonly SortedDictionary<string, (KeyValue Pair, long Lease)> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<long, (TimeSpan TimeToLive, long RenewedAt)> _leases = [];
    private readonly List<(WatchCreateRequest Watch, ChannelWriter<WatchResponse> To)> _watches = [];
    private long _revision = 1;
    private long _lastLease;

    private ResponseHeader Header => new() { ClusterId = ClusterId, Revision = _revision };

    /// <summary>The leases that have not expired.</summary>
    public IReadOnlyList<long> Leases
    {
        get
        {
            lock (_sync)
            {
                Expire();
                return [.. _leases.Keys];
            }
        }
    }

    /// <summary>The keys that start with a prefix.</summary>
    public IReadOnlyList<string> Keys(string prefix)
    {
        lock (_sync)
        {
            Expire();
            return [.. _entries.Keys.Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
        }
    }

    public LeaseGrantResponse Grant(LeaseGrantRequest request)
    {
        lock (_sync)
        {
            _leases.Add(++_lastLease, (TimeSpan.FromSeconds(request.TTL), timeProvider.GetTimestamp()));
            return new LeaseGrantResponse { ID = _lastLease, TTL = request.TTL };
        }
    }

    public LeaseKeepAliveResponse Renew(LeaseKeepAliveRequest request)
    {
        lock (_sync)
        {
            Expire();
            if (!_leases.TryGetValue(request.ID, out var lease))
            {
                return new LeaseKeepAliveResponse { ID = request.ID };
            }

            _leases[request.ID] = lease with { RenewedAt = timeProvider.GetTimestamp() };
            return new LeaseKeepAliveResponse { ID = request.ID, TTL = (long)lease.TimeToLive.TotalSeconds };
        }
    }

    /// <returns>The answer; null if the lease does not exist.</returns>
    public LeaseRevokeResponse? Revoke(LeaseRevokeRequest request)
    {
        lock (_sync)
        {
            Expire();
            return End(request.ID) ? new LeaseRevokeResponse() : null;
        }
    }

    /// <summary>Revokes every lease and deletes its keys without notifying any watch.</summary>
    public void ForgetLeases()
    {
        lock (_sync)
        {
            foreach (var key in _entries.Where(entry => entry.Value.Lease != 0).Select(entry => entry.Key).ToList())
            {
                _entries.Remove(key);
            }

            _leases.Clear();
        }
    }

    public RangeResponse Range(RangeRequest request)
    {
        lock (_sync)
        {
            Expire();
            return Read(request);
        }
    }

    /// <returns>The answer; null if a put names a lease that does not exist.</returns>
    public TxnResponse? Commit(TxnRequest request)
    {
        lock (_sync)
        {
            Expire();
            if (request.Success.Any(op => op.RequestPut is { Lease: not 0 } put && !_leases.ContainsKey(put.Lease)))
            {
                return null;
            }

            var response = new TxnResponse { Succeeded = request.Compare.All(Holds) };
            if (response.Succeeded)
            {
                // All operations of a transaction have the same revision.
                _revision += request.Success.Any(op => op.RequestRange is null) ? 1 : 0;
                response.Responses.AddRange(request.Success.Select(Apply));
            }

            response.Header = Header;
            return response;
        }
    }

    /// <summary>The current revision, as a progress notification.</summary>
    public WatchResponse Progress()
    {
        lock (_sync)
        {
            return new WatchResponse { Header = Header, WatchId = -1 };
        }
    }

    public void Watch(WatchCreateRequest watch, ChannelWriter<WatchResponse> to)
    {
        lock (_sync)
        {
            _watches.Add((watch, to));
            to.TryWrite(new WatchResponse { Header = Header, WatchId = watch.WatchId, Created = true });
        }
    }

    public void Unwatch(ChannelWriter<WatchResponse> to)
    {
        lock (_sync)
        {
            _watches.RemoveAll(watch => watch.To == to);
        }
    }

    private void Expire()
    {
        foreach (var (lease, (timeToLive, renewedAt)) in _leases)
        {
            if (timeProvider.GetElapsedTime(renewedAt) > timeToLive)
            {
                End(lease);
            }
        }
    }

    private bool End(long lease)
    {
        foreach (var key in _entries.Where(entry => entry.Value.Lease == lease).Select(entry => entry.Key).ToList())
        {
            _revision++;
            Delete(key);
        }

        return _leases.Remove(lease);
    }

    private bool Holds(Compare compare) =>
        (_entries.TryGetValue(compare.Key.ToStringUtf8(), out var entry) ? entry.Pair.ModRevision : 0) == compare.ModRevision;

    private ResponseOp Apply(RequestOp operation)
    {
        switch (operation)
        {
            case { RequestPut: { } put }:
                var pair = new KeyValue { Key = put.Key, Value = put.Value, ModRevision = _revision };
                _entries[put.Key.ToStringUtf8()] = (pair, put.Lease);
                Tell(Event.Types.EventType.Put, pair);
                return new ResponseOp();
            case { RequestDeleteRange: { } delete }:
                Delete(delete.Key.ToStringUtf8());
                return new ResponseOp();
            default:
                return new ResponseOp { ResponseRange = Read(operation.RequestRange) };
        }
    }

    private RangeResponse Read(RangeRequest range) => new()
    {
        Header = Header,
        Kvs = { _entries.Values.Select(entry => entry.Pair).Where(pair => Contains(range.Key, range.RangeEnd, pair.Key)) },
    };

    private void Delete(string key)
    {
        if (_entries.Remove(key, out var entry))
        {
            Tell(Event.Types.EventType.Delete, new KeyValue { Key = entry.Pair.Key, ModRevision = _revision });
        }
    }

    private void Tell(Event.Types.EventType type, KeyValue pair)
    {
        foreach (var (watch, to) in _watches.Where(watch => Contains(watch.Watch.Key, watch.Watch.RangeEnd, pair.Key)))
        {
            to.TryWrite(new WatchResponse
            {
                Header = Header,
                WatchId = watch.WatchId,
                Events = { new Event { Type = type, Kv = pair } },
            });
        }
    }

    private static bool Contains(ByteString start, ByteString end, ByteString key) => end.IsEmpty
        ? key == start
        : key.Span.SequenceCompareTo(start.Span) >= 0 && key.Span.SequenceCompareTo(end.Span) < 0;
}
