using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Applies changes to instances, and finds the changes between them.</summary>
internal static class InstanceChanges
{
    public static bool IsServing(ServiceInstance instance) => instance.Status == ServiceStatus.Serving;

    /// <summary>Applies changes to a list of those instances that a predicate selects.</summary>
    /// <param name="instances">The present instances.</param>
    /// <param name="changes">The changes in the order of their ids.</param>
    /// <param name="belongs">Selects the instances that the list contains.</param>
    public static InstanceList Apply(InstanceList instances, IReadOnlyList<InstanceChange> changes, Predicate<ServiceInstance>? belongs = null) =>
        instances.With([.. changes.Select(change => (change.Id, change.After is { } after && belongs?.Invoke(after) != false ? after : null))]);

    /// <summary>
    /// Finds the changes between two lists in the order of their ids. An unchanged instance must be the same object in both.
    /// </summary>
    public static List<InstanceChange> Differences(IReadOnlyList<ServiceInstance> before, IReadOnlyList<ServiceInstance> after)
    {
        var differences = new List<InstanceChange>();
        int old = 0, now = 0;
        while (old < before.Count || now < after.Count)
        {
            var order = old == before.Count ? 1
                : now == after.Count ? -1
                : Utf8Order.Instance.Compare(before[old].Id, after[now].Id);
            var change = new InstanceChange(order <= 0 ? before[old++] : null, order >= 0 ? after[now++] : null);
            if (!ReferenceEquals(change.Before, change.After))
            {
                differences.Add(change with { HasUnregistered = change is { Before.Status: ServiceStatus.Draining, After: null } });
            }
        }

        return differences;
    }
}
