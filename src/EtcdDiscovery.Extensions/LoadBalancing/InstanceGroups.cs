namespace EtcdDiscovery.LoadBalancing;

/// <summary>Groups instances by a key, such as their shard. Instances without a key are in no group.</summary>
internal sealed class InstanceGroups
{
    private readonly Dictionary<string, InstanceSet> _groups = new(StringComparer.Ordinal);

    // Caches the first group that is found, because most callers ask for the same one. Written once, because many threads read it.
    private volatile Group? _cached;

    public InstanceGroups(
        InstanceList instances,
        Func<ServiceInstance, string?> key,
        Func<string, InstanceList, InstanceSet> create)
    {
        foreach (var group in instances.Where(instance => key(instance) is not null).GroupBy(key, StringComparer.Ordinal))
        {
            _groups.Add(group.Key!, create(group.Key!, InstanceList.Of([.. group])));
        }
    }

    public InstanceSet? Find(string key)
    {
        if (_cached is { } cached && cached.Key == key)
        {
            return cached.Set;
        }

        if (!_groups.TryGetValue(key, out var set))
        {
            return null;
        }

        _cached ??= new Group(key, set);
        return set;
    }

    private sealed record Group(string Key, InstanceSet Set);
}
