using EtcdDiscovery.Model;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Turns a service's entries into snapshots; what cannot be read is skipped, counted and logged once.</summary>
/// <remarks>Used by one loop only.</remarks>
internal sealed partial class EntryReader(string serviceName, ILogger logger)
{
    private readonly string _infoKey = ServiceKeys.Info(serviceName);
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    public StoreRange[] Ranges { get; } =
        [StoreRange.Exact(ServiceKeys.Info(serviceName)), StoreRange.Prefix(ServiceKeys.InstancesOf(serviceName))];

    /// <summary>How many entries are skipped now; read by any thread.</summary>
    public int UnreadableCount { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>The snapshot after a read. What is the same as before stays the same object.</summary>
    public CatalogSnapshot Read(CatalogSnapshot before, StoreContents contents)
    {
        _unreadable.Clear();
        return Apply(
            new CatalogSnapshot(null, [], contents.Revision),
            contents.Revision,
            contents.Entries.Select(entry => new StoreEvent(entry.Key, entry.Value, entry.Revision)),
            before);
    }

    /// <summary>The snapshot after a batch of changes; the one before when nothing changed.</summary>
    public CatalogSnapshot Apply(CatalogSnapshot before, StoreBatch batch) =>
        batch.Events.Count == 0 ? before : Apply(before, batch.Revision, batch.Events, before);

    private CatalogSnapshot Apply(
        CatalogSnapshot start, StoreRevision revision, IEnumerable<StoreEvent> events, CatalogSnapshot known)
    {
        var info = start.Info;
        var changes = new SortedList<string, ServiceInstance?>(Utf8Order.Instance);
        foreach (var change in events)
        {
            if (change.Key == _infoKey)
            {
                info = DecodeInfo(change);
            }
            else if (ServiceKeys.TryParseInstance(serviceName, change.Key, out var id))
            {
                changes[id] = Known(known, DecodeInstance(change, id));
            }
        }

        return new CatalogSnapshot(info, InstanceArray.Apply(start.Instances, changes), revision);
    }

    private static ServiceInstance? Known(CatalogSnapshot before, ServiceInstance? instance)
    {
        var index = instance is null ? -1 : InstanceArray.Find(before.Instances, instance.Id);
        return index >= 0 && before.Instances[index] == instance ? before.Instances[index] : instance;
    }

    private ServiceInfo? DecodeInfo(StoreEvent change)
    {
        if (change.Value is not { } value)
        {
            Forget(change.Key);
            return null;
        }

        var readable = ServiceJson.TryDecode(serviceName, value, out ServiceInfo? info);
        Note(change.Key, readable, value.Length);
        return info;
    }

    private ServiceInstance? DecodeInstance(StoreEvent change, string id)
    {
        if (change.Value is not { } value)
        {
            Forget(change.Key);
            return null;
        }

        var readable = ServiceJson.TryDecode(serviceName, id, value, out var instance);
        Note(change.Key, readable, value.Length);
        return instance;
    }

    private void Note(string key, bool readable, int length)
    {
        if (readable)
        {
            Forget(key);
        }
        else if (_unreadable.Add(key))
        {
            UnreadableCount = _unreadable.Count;
            Log.EntryUnreadable(logger, Untrusted.Print(key), length);
        }
    }

    private void Forget(string key)
    {
        _unreadable.Remove(key);
        UnreadableCount = _unreadable.Count;
    }
}
