using EtcdDiscovery.Stores;
using Google.Protobuf;
using Mvccpb;

namespace EtcdDiscovery.Etcd;

/// <summary>Converts etcd's messages to the store's records.</summary>
internal static class EtcdConvert
{
    public static StoreEntry ToEntry(KeyValue pair) =>
        new(pair.Key.ToStringUtf8(), pair.Value.Memory, pair.ModRevision);

    public static StoreEvent ToEvent(Event change) => change.Kv is null
        ? throw EtcdErrors.ProtocolViolation("a change without a key")
        : change.Type == Event.Types.EventType.Delete
        ? new(change.Kv.Key.ToStringUtf8(), value: null, change.Kv.ModRevision)
        : new(change.Kv.Key.ToStringUtf8(), change.Kv.Value.Memory, change.Kv.ModRevision);

    /// <summary>The exclusive end of a range; empty for a single key, as etcd expects it.</summary>
    public static ByteString EndOf(StoreRange range)
    {
        if (!range.IsPrefix)
        {
            return ByteString.Empty;
        }

        // UTF-8 contains no byte 0xff, so the last byte of a prefix can always be incremented.
        var end = ByteString.CopyFromUtf8(range.Key).ToByteArray();
        end[^1]++;
        return ByteString.CopyFrom(end);
    }
}
