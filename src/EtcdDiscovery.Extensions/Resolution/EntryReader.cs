using EtcdDiscovery.Model;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Turns a service's entries into snapshots; what cannot be read is skipped, counted and logged once.</summary>
/// <remarks>Used by one loop only.</remarks>
internal sealed partial class EntryReader(string serviceName, ILogger<EntryReader> logger)
{
    private readonly string _infoKey = ServiceKeys.Info(serviceName);
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);

    // A watch that is resumed may tell again what one range has told already; old news must not undo new.
    private long _infoRevision;
    private long _instancesRevision;

    public StoreRange[] Ranges { get; } =
        [StoreRange.Exact(ServiceKeys.Info(serviceName)), StoreRange.Prefix(ServiceKeys.InstancesOf(serviceName))];

    /// <summary>Who signed off lately.</summary>
    public SignOffs SignOffs { get; } = new();

    /// <summary>How many entries are skipped now; read by any thread.</summary>
    public int UnreadableCount { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>The snapshot after a read. What is the same as before stays the same object.</summary>
    public CatalogSnapshot Read(CatalogSnapshot before, StoreContents contents)
    {
        // Only what is gone is forgotten: what is still unreadable was logged already.
        _unreadable.IntersectWith(contents.Entries.Select(entry => entry.Key));
        UnreadableCount = _unreadable.Count;
        _infoRevision = _instancesRevision = 0;
        var after = Apply(
            new CatalogSnapshot(null, [], contents.Revision),
            contents.Revision,
            contents.Entries.Select(entry => new StoreEvent(entry.Key, entry.Value, long.MaxValue)),
            before);
        _infoRevision = _instancesRevision = contents.Revision.Number;
        return after;
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
                info = change.Revision > _infoRevision ? DecodeInfo(change) : info;
                _infoRevision = Math.Max(_infoRevision, change.Revision);
            }
            else if (change.Revision >= _instancesRevision
                && ServiceKeys.TryParseInstance(serviceName, change.Key, out var id))
            {
                var before = changes.TryGetValue(id, out var changed) ? changed : known.Find(id);
                changes[id] = DecodeInstance(change, id, before);
                _instancesRevision = change.Revision;
            }
        }

        return new CatalogSnapshot(info, InstanceArray.Apply(start.Instances, changes), revision);
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

    private ServiceInstance? DecodeInstance(StoreEvent change, string id, ServiceInstance? before)
    {
        if (change.Value is not { } value)
        {
            Forget(change.Key);
            SignOffs.Note(before);
            return null;
        }

        var readable = ServiceJson.TryDecode(serviceName, id, value, out var instance);
        Note(change.Key, readable, value.Length);
        return instance == before ? before : instance;
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
