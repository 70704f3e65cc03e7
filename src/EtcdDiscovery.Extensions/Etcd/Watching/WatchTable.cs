using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>The watches of one stream: those that stand, by etcd's ids, and those that are to be created. One thread at a time.</summary>
/// <remarks>
/// An etcd creates watches in the order of the requests, with the ids asked for. Its grpc-proxy gives ids of its own and answers in any
/// order. So the first creation goes alone, and those after it only follow without waiting when its id was kept.
/// </remarks>
internal sealed class WatchTable
{
    private readonly Dictionary<long, WatchedRange> _watches = [];
    private readonly Queue<(long Id, WatchedRange Range)> _unsent = [];
    private readonly Queue<(long Id, WatchedRange Range)> _unanswered = [];
    private long _lastId;

    /// <summary>Whether the latest watch got the id that was asked for.</summary>
    public bool KeepsIds { get; private set; }

    public bool IsEmpty => !All.Any();

    /// <summary>The subscriptions that have watches here.</summary>
    public WatchSubscription[] Subscriptions => [.. All.Select(range => range.Subscription).Distinct()];

    private IEnumerable<WatchedRange> All => _watches.Values
        .Concat(_unanswered.Concat(_unsent).Select(creation => creation.Range).Where(range => !range.IsDetached));

    public void Add(WatchedRange range) => _unsent.Enqueue((++_lastId, range));

    public WatchedRange? Find(long id) => _watches.GetValueOrDefault(id);

    /// <summary>The creations that may be asked for now.</summary>
    public IEnumerable<WatchRequest> NextCreations()
    {
        while ((KeepsIds || _unanswered.Count == 0) && _unsent.TryDequeue(out var creation))
        {
            if (!creation.Range.IsDetached)
            {
                _unanswered.Enqueue(creation);
                yield return Create(creation.Id, creation.Range.Range, creation.Range.Subscription.After);
            }
        }
    }

    /// <summary>A creation was answered.</summary>
    /// <param name="response">The answer.</param>
    /// <param name="range">What was created or refused; null when nothing was asked for.</param>
    /// <returns>Whether the watch's id makes sense.</returns>
    public bool TryTakeCreated(WatchResponse response, out WatchedRange? range)
    {
        if (!_unanswered.TryDequeue(out var creation))
        {
            range = Find(response.WatchId);
            return true;
        }

        range = creation.Range;
        if (response.Canceled)
        {
            return true;
        }

        KeepsIds = response.WatchId == creation.Id;
        return range.IsDetached || (response.WatchId >= 0 && _watches.TryAdd(response.WatchId, range));
    }

    /// <summary>Forgets a subscription's watches.</summary>
    /// <returns>The ids of those that stand.</returns>
    public IReadOnlyList<long> Remove(WatchSubscription subscription)
    {
        foreach (var range in All.Where(range => range.Subscription == subscription))
        {
            range.IsDetached = true;
        }

        long[] ids = [.. _watches.Where(watch => watch.Value.Subscription == subscription).Select(watch => watch.Key)];
        foreach (var id in ids)
        {
            _watches.Remove(id);
        }

        return ids;
    }

    public void Clear()
    {
        _watches.Clear();
        _unsent.Clear();
        _unanswered.Clear();
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
