using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Decodes a service's entries into views. Unreadable entries are skipped, counted and logged once.</summary>
/// <remarks>Used by one loop only.</remarks>
internal sealed partial class EntryReader(string serviceName, ILogger logger)
{
    /// <summary>The maximum number of unreadable entries that are logged between two reads. All are counted.</summary>
    public const int MaxLogged = 100;

    private readonly string _descriptionKey = ServiceKeys.Description(serviceName);
    private readonly HashSet<string> _unreadable = new(StringComparer.Ordinal);
    private readonly SharedValues _shared = new();

    private int _logged;

    // A resumed watch may repeat changes of one range. These revisions keep a repeated change from undoing a newer one.
    private long _descriptionRevision;
    private long _instancesRevision;

    public StoreRange[] Ranges { get; } =
        [StoreRange.Exact(ServiceKeys.Description(serviceName)), StoreRange.Prefix(ServiceKeys.InstancesOf(serviceName))];

    /// <summary>The number of entries that are currently skipped. Any thread may read it.</summary>
    public int UnreadableCount { get => Volatile.Read(ref field); private set => Volatile.Write(ref field, value); }

    /// <summary>Creates the view after a read. Unchanged instances stay the same objects.</summary>
    /// <param name="before">The previous view.</param>
    /// <param name="contents">The contents of the store.</param>
    /// <param name="keepVanished">Whether to keep, as suspects, instances that vanished without unregistering.</param>
    public ViewUpdate Read(ServiceView before, StoreContents contents, bool keepVanished)
    {
        // Keep entries that are still unreadable, because they have been logged.
        _unreadable.IntersectWith(contents.Entries.Select(entry => entry.Key));
        UnreadableCount = _unreadable.Count;
        _logged = 0;
        _descriptionRevision = _instancesRevision = 0;
        ServiceInfo? info = null;
        var instances = new List<ServiceInstance>(contents.Entries.Count);
        foreach (var entry in contents.Entries)
        {
            if (entry.Key == _descriptionKey)
            {
                info = DecodeDescription(entry.Key, entry.Value);
            }
            else if (ServiceKeys.TryParseInstance(serviceName, entry.Key, out var id)
                && DecodeInstance(entry.Key, id, entry.Value, before.Find(id)) is { } instance)
            {
                instances.Add(instance);
            }
        }

        _descriptionRevision = _instancesRevision = contents.Revision.Number;
        var changes = InstanceChanges.Differences(before.Instances, instances);
        var suspects = keepVanished ? changes.Where(HasVanished).Select(change => change.Id).ToList() : [];
        var accepted = suspects.Count == 0 ? changes : changes.FindAll(change => !HasVanished(change));
        return new(before.With(info, accepted, suspects, contents.Revision), accepted);
    }

    /// <summary>Creates the view after a batch of changes; null if nothing changed.</summary>
    /// <param name="before">The previous view.</param>
    /// <param name="batch">The changes.</param>
    /// <param name="selfPreservation">Decides how many vanished instances to remove; the others are kept as suspects.</param>
    public ViewUpdate? Apply(ServiceView before, StoreBatch batch, SelfPreservation selfPreservation)
    {
        if (batch.Events.Count == 0)
        {
            return null;
        }

        var info = before.Description;
        var changes = new Dictionary<string, InstanceChange>(StringComparer.Ordinal);
        foreach (var change in batch.Events)
        {
            if (change.Key == _descriptionKey)
            {
                info = change.Revision > _descriptionRevision ? DecodeDescription(change.Key, change.Value) : info;
                _descriptionRevision = Math.Max(_descriptionRevision, change.Revision);
            }
            else if (change.Revision >= _instancesRevision
                && ServiceKeys.TryParseInstance(serviceName, change.Key, out var id))
            {
                var known = changes.TryGetValue(id, out var changed) ? changed : Unchanged(before.Find(id));
                changes[id] = known with
                {
                    After = DecodeInstance(change.Key, id, change.Value, known.Before),
                    HasUnregistered = change.Value is null
                        && (change.IsExpiry == false || known.After is { Status: ServiceStatus.Draining }),
                };
                _instancesRevision = change.Revision;
            }
        }

        var actual = changes.Values.Where(change => !ReferenceEquals(change.Before, change.After)).ToList();
        actual.Sort((a, b) => Utf8Order.Instance.Compare(a.Id, b.Id));
        var suspects = before.Suspects.Count == 0 ? [] : before.Suspects.Where(id => !changes.ContainsKey(id)).ToList();
        suspects.AddRange(TakeSuspects(actual, selfPreservation, before.Instances.Count - before.Suspects.Count));
        suspects.Sort(Utf8Order.Instance);
        return new(before.With(info, actual, suspects, batch.Revision), actual);
    }

    /// <summary>Removes from the changes the instances that vanished together with too many others, and returns their ids.</summary>
    private static List<string> TakeSuspects(List<InstanceChange> changes, SelfPreservation selfPreservation, int present)
    {
        if (!changes.Exists(HasVanished))
        {
            return [];
        }

        var vanished = changes.Where(HasVanished).Select(change => change.Id).ToList();
        var newSuspects = vanished[selfPreservation.Accept(present, vanished)..];
        if (newSuspects.Count > 0)
        {
            var ids = newSuspects.ToHashSet(StringComparer.Ordinal);
            changes.RemoveAll(change => ids.Contains(change.Id));
        }

        return newSuspects;
    }

    private static bool HasVanished(InstanceChange change) => change is { After: null, HasUnregistered: false };

    private static InstanceChange Unchanged(ServiceInstance? instance) => new(instance, instance);

    private ServiceInfo? DecodeDescription(string key, ReadOnlyMemory<byte>? value)
    {
        if (value is null)
        {
            Forget(key);
            return null;
        }

        ServiceJson.TryDecode(serviceName, value.Value, out ServiceInfo? info, out var fault);
        Note(key, fault, value.Value.Length);
        return info;
    }

    private ServiceInstance? DecodeInstance(string key, string id, ReadOnlyMemory<byte>? value, ServiceInstance? before)
    {
        if (value is null)
        {
            Forget(key);
            return null;
        }

        ServiceJson.TryDecode(serviceName, id, value.Value, out var instance, out var fault, _shared);
        Note(key, fault, value.Value.Length);
        return instance == before ? before : instance;
    }

    private void Note(string key, string? fault, int length)
    {
        if (fault is null)
        {
            Forget(key);
        }
        else if (_unreadable.Add(key))
        {
            UnreadableCount = _unreadable.Count;
            // A faulty writer may add entry after entry, or repeatedly repair and break the same one.
            if (_logged++ < MaxLogged)
            {
                Log.EntryUnreadable(logger, LogSanitizer.Sanitize(key), length, fault);
            }
        }
    }

    private void Forget(string key)
    {
        if (_unreadable.Remove(key))
        {
            UnreadableCount = _unreadable.Count;
        }
    }
}
