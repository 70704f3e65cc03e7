namespace EtcdDiscovery.LoadBalancing;

/// <summary>Instances by what they have in common, such as their shard. Those without it are in no group.</summary>
internal sealed class InstanceGroups
{
    private readonly Dictionary<string, InstanceSet> _groups = new(StringComparer.Ordinal);

    // Most callers ask for the same one all the time. Only ever written once, since threads read it all the time.
    private volatile Group? _usual;

    public InstanceGroups(
        ServiceInstance[] instances,
        Func<ServiceInstance, string?> key,
        Func<string, ServiceInstance[], InstanceSet> create)
    {
        foreach (var group in instances.Where(instance => key(instance) is not null).GroupBy(key, StringComparer.Ordinal))
        {
            _groups.Add(group.Key!, create(group.Key!, [.. group]));
        }
    }

    public InstanceSet? Find(string key)
    {
        if (_usual is { } usual && usual.Key == key)
        {
            return usual.Set;
        }

        if (!_groups.TryGetValue(key, out var set))
        {
            return null;
        }

        _usual ??= new Group(key, set);
        return set;
    }

    private sealed record Group(string Key, InstanceSet Set);
}
