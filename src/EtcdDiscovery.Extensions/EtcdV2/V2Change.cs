using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Translates the response to a poll into a change.</summary>
internal static class V2Change
{
    /// <returns>The change; null if it does not concern the range.</returns>
    /// <exception cref="HistoryLostException">A directory was deleted, so more than one key changed.</exception>
    public static StoreEvent? Of(V2Document document, StoreRange range, long after)
    {
        if (document.Node is not { } node || node.ModifiedIndex <= after)
        {
            throw new EtcdDiscoveryException("Etcd reported a change without a key or without a new index.", isTransient: true);
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
