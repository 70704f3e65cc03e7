using EtcdDiscovery.Stores;
using Google.Protobuf;
using Mvccpb;

namespace EtcdDiscovery.Etcd;

/// <summary>Between etcd's messages and the store's records.</summary>
internal static class EtcdConvert
{
    public static StoreEntry ToEntry(KeyValue pair) =>
        new(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.ModRevision);

    public static StoreEvent ToEvent(Event change) => change.Kv is null
        ? throw EtcdErrors.ProtocolViolation("a change of nothing")
        : change.Type == Event.Types.EventType.Delete
        ? new(change.Kv.Key.ToStringUtf8(), value: null, change.Kv.ModRevision)
        : new(change.Kv.Key.ToStringUtf8(), change.Kv.Value.Memory, change.Kv.ModRevision);

    /// <summary>The first key behind a range as etcd wants it: nothing for a single key.</summary>
    public static ByteString EndOf(StoreRange range)
    {
        if (!range.IsPrefix)
        {
            return ByteString.Empty;
        }

        // No byte of UTF-8 is 0xff, so the last one of a prefix can always be raised.
        var end = ByteString.CopyFromUtf8(range.Key).ToByteArray();
        end[^1]++;
        return ByteString.CopyFrom(end);
    }
}
