using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>What a poll's answer means.</summary>
internal static class V2Change
{
    /// <returns>The change; null when it does not concern the range.</returns>
    /// <exception cref="HistoryLostException">It changed more than one key.</exception>
    public static StoreEvent? Of(V2Document document, StoreRange range, long after)
    {
        if (document.Node is not { } node || node.ModifiedIndex <= after)
        {
            throw new EtcdDiscoveryException("Etcd told of a change without saying when or where.", isTransient: true);
        }

        bool? isExpiry = document.Action switch
        {
            "expire" => true,
            "delete" or "compareAndDelete" => false,
            _ => null,
        };
        if (node.Dir)
        {
            return isExpiry is null ? null : throw new HistoryLostException($"The directory {LogSanitizer.Sanitize(node.Key)} was deleted in etcd.");
        }

        if (!range.Contains(node.Key))
        {
            return null;
        }

        return isExpiry is null
            ? new StoreEvent(node.Key, V2Reader.ValueOf(node), node.ModifiedIndex)
            : new StoreEvent(node.Key, value: null, node.ModifiedIndex) { IsExpiry = isExpiry };
    }
}
