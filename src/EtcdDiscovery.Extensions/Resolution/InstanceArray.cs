using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Applies changes to arrays of instances in <see cref="InstanceOrder"/>, and compares such arrays.</summary>
internal static class InstanceArray
{
    public static bool Any(ServiceInstance instance) => true;

    public static bool IsServing(ServiceInstance instance) => instance.Status == ServiceStatus.Serving;

    /// <summary>Replaces, adds and removes instances. Costs one copy of the array and a binary search for each change.</summary>
    /// <param name="instances">The present instances.</param>
    /// <param name="changes">The changes in the order of their ids. Their old instances must be the present ones.</param>
    /// <param name="belongs">Selects the instances that the array contains.</param>
    public static ServiceInstance[] Apply(
        ServiceInstance[] instances, IReadOnlyList<InstanceChange> changes, Predicate<ServiceInstance> belongs)
    {
        var growth = changes.Sum(change => Count(change.After, belongs) - Count(change.Before, belongs));
        var result = new ServiceInstance[instances.Length + growth];
        int read = 0, written = 0;
        foreach (var change in changes)
        {
            var index = InstanceOrder.IndexOf(instances.AsSpan(read), change.Id);
            var kept = index < 0 ? ~index : index;
            instances.AsSpan(read, kept).CopyTo(result.AsSpan(written));
            read += index < 0 ? kept : kept + 1;
            written += kept;
            if (change.After is { } after && belongs(after))
            {
                result[written++] = after;
            }
        }

        instances.AsSpan(read).CopyTo(result.AsSpan(written));
        return result;
    }

    /// <summary>
    /// Finds the changes between two arrays, in the order of the ids. An unchanged instance must be the same object in both.
    /// </summary>
    public static List<InstanceChange> Differences(ServiceInstance[] before, ServiceInstance[] after)
    {
        var differences = new List<InstanceChange>();
        int old = 0, now = 0;
        while (old < before.Length || now < after.Length)
        {
            var order = old == before.Length ? 1
                : now == after.Length ? -1
                : Utf8Order.Instance.Compare(before[old].Id, after[now].Id);
            var change = new InstanceChange(order <= 0 ? before[old++] : null, order >= 0 ? after[now++] : null);
            if (!ReferenceEquals(change.Before, change.After))
            {
                differences.Add(change with { HasUnregistered = change is { Before.Status: ServiceStatus.Draining, After: null } });
            }
        }

        return differences;
    }

    private static int Count(ServiceInstance? instance, Predicate<ServiceInstance> belongs) =>
        instance is not null && belongs(instance) ? 1 : 0;
}
