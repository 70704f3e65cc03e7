using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>The watches of one stream: the created ones, by the id that etcd assigned, and the pending ones. Not thread-safe.</summary>
/// <remarks>
/// Etcd creates watches in the order of the requests, with the requested ids. Its grpc-proxy assigns its own ids and responds in any order.
/// So the first request is sent alone. The others are pipelined only if the first watch got the requested id; otherwise, they are sent one
/// by one.
/// </remarks>
internal sealed class WatchTable
{
    private readonly Dictionary<long, WatchedRange> _watches = [];
    private readonly Queue<(long Id, WatchedRange Range)> _unsent = [];
    private readonly Queue<(long Id, WatchedRange Range)> _unanswered = [];
    private long _lastId;

    /// <summary>Whether the latest watch got the requested id.</summary>
    public bool KeepsIds { get; private set; }

    public bool IsEmpty => !All.Any();

    /// <summary>The subscriptions with watches on the stream.</summary>
    public WatchSubscription[] Subscriptions => [.. All.Select(range => range.Subscription).Distinct()];

    private IEnumerable<WatchedRange> All => _watches.Values
        .Concat(_unanswered.Concat(_unsent).Select(creation => creation.Range).Where(range => !range.IsDetached));

    public void Add(WatchedRange range) => _unsent.Enqueue((++_lastId, range));

    public WatchedRange? Find(long id) => _watches.GetValueOrDefault(id);

    /// <summary>Takes the requests that can be sent now.</summary>
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

    /// <summary>Processes the response to a creation request.</summary>
    /// <param name="response">The response.</param>
    /// <param name="range">The watch that was created or rejected; null if none was requested.</param>
    /// <returns>Whether the watch's id is valid.</returns>
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

    /// <summary>Removes a subscription's watches.</summary>
    /// <returns>The ids of the removed watches that etcd had created.</returns>
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
            // Advances the revision of a watch that has no changes, so that this revision is not compacted by the time the watch resumes.
            ProgressNotify = true,
            Fragment = true,
        },
    };
}
