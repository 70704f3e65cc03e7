using EtcdDiscovery.Stores;
using Etcdserverpb;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>One watch in etcd. Processes the watch's responses for its subscription.</summary>
internal sealed class WatchedRange
{
    private readonly int _index;
    private readonly HistoryVerifier _history;
    private List<StoreEvent> _events = [];
    private long _size;

    public WatchedRange(WatchSubscription subscription, int index, HistoryVerifier history)
    {
        Subscription = subscription;
        _index = index;
        _history = history;
    }

    public WatchSubscription Subscription { get; }

    public StoreRange Range => Subscription.Ranges[_index];

    /// <summary>Whether the subscription left the stream before the watch was created.</summary>
    public bool IsDetached { get; set; }

    /// <summary>Processes a response.</summary>
    /// <returns>Why the subscription cannot continue; null if it can.</returns>
    public EtcdDiscoveryException? Accept(WatchResponse response)
    {
        try
        {
            return Take(response);
        }
        catch (EtcdDiscoveryException violation)
        {
            return violation;
        }
    }

    private EtcdDiscoveryException? Take(WatchResponse response)
    {
        if (response.Canceled)
        {
            return Explain(response, Range.Key);
        }

        if (response.Header is null)
        {
            throw EtcdErrors.ProtocolViolation("no revision");
        }

        return response.Created ? Confirm(response.Header) : Advance(response);
    }

    private HistoryLostException? Confirm(ResponseHeader header)
    {
        var after = Subscription.After;
        if (after.ClusterId != 0 && after.ClusterId != ClusterIdOf(header))
        {
            return new HistoryLostException("The endpoint now belongs to another etcd cluster, or etcd was wiped or restored.");
        }

        // A watch from a future revision stays silent. The revision is in the future if etcd was wiped or restored, or briefly if this
        // member lags behind the one that answered the read. Reading again solves both.
        if (header.Revision < after.Number)
        {
            return new HistoryLostException(
                $"Etcd returned to an earlier state: its revision was {after.Number} and is now {header.Revision}.");
        }

        return Subscription.TryConfirm(ClusterIdOf(header)) ? null : TooSlow();
    }

    private HistoryLostException? Advance(WatchResponse response)
    {
        foreach (var change in response.Events)
        {
            var converted = EtcdConvert.ToEvent(change);
            if (!Range.Contains(converted.Key))
            {
                throw EtcdErrors.ProtocolViolation("a change of a key that is not watched");
            }

            if (converted.Value is not null)
            {
                _history.Note(change.Kv.Key, change.Kv.ModRevision);
            }

            _events.Add(converted);
            _size += (long)change.Kv.Key.Length + change.Kv.Value.Length;
        }

        if (response.Fragment)
        {
            return _size > WatchSubscription.MaxWaitingBytes ? TooSlow() : null;
        }

        var (events, size) = (_events, _size);
        (_events, _size) = ([], 0);
        // While etcd sends history in parts, the header contains the current revision of the store, which is ahead of the events.
        var reached = events.Count > 0 ? events[^1].Revision : response.Header.Revision;
        return Subscription.TryAdvance(_index, new StoreRevision(reached, ClusterIdOf(response.Header)), events, size)
            ? null
            : TooSlow();
    }

    // If a grpc-proxy already has the same watch, it confirms the new one without asking etcd, and without a cluster id.
    private ulong ClusterIdOf(ResponseHeader header) => header.ClusterId == 0 ? Subscription.After.ClusterId : _history.IdOf(header);

    private static EtcdDiscoveryException Explain(WatchResponse response, string watched) => response.CompactRevision > 0
        ? new HistoryLostException($"Etcd has compacted its history up to revision {response.CompactRevision}.")
        : EtcdErrors.WatchEnded(response.CancelReason, watched);

    private static HistoryLostException TooSlow() => new("The reader of the watch is too slow: too many changes are waiting.");
}
