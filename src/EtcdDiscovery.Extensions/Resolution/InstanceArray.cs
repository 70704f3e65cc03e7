using EtcdDiscovery.Model;

namespace EtcdDiscovery.Resolution;

/// <summary>Instances in the order of their ids' UTF-8 bytes, which is the order of their keys.</summary>
internal static class InstanceArray
{
    /// <summary>Where an id stands; the complement of where it would stand when it is not there.</summary>
    public static int Find(ReadOnlySpan<ServiceInstance> instances, string id)
    {
        int low = 0, high = instances.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = Utf8Order.Instance.Compare(instances[middle].Id, id);
            if (order == 0)
            {
                return middle;
            }

            (low, high) = order < 0 ? (middle + 1, high) : (low, middle - 1);
        }

        return ~low;
    }

    /// <summary>Replaces, adds and (where the change is null) removes instances. The changes are ordered as well.</summary>
    public static ServiceInstance[] Apply(
        ReadOnlySpan<ServiceInstance> instances, SortedList<string, ServiceInstance?> changes)
    {
        var result = new List<ServiceInstance>(instances.Length + changes.Count);
        foreach (var (id, instance) in changes)
        {
            var index = Find(instances, id);
            result.AddRange(instances[..(index < 0 ? ~index : index)]);
            instances = instances[(index < 0 ? ~index : index + 1)..];
            if (instance is not null)
            {
                result.Add(instance);
            }
        }

        result.AddRange(instances);
        return [.. result];
    }

    /// <summary>What leads from one set to another. An instance that did not change is the same object in both.</summary>
    /// <param name="before">The one set.</param>
    /// <param name="after">The other set.</param>
    /// <param name="explain">Tells why an instance of the one is not in the other.</param>
    public static IEnumerable<ServiceChange> Differences(
        ServiceInstance[] before, ServiceInstance[] after, Func<string, ServiceDownReason> explain)
    {
        int old = 0, now = 0;
        while (old < before.Length || now < after.Length)
        {
            var order = old == before.Length ? 1
                : now == after.Length ? -1
                : Utf8Order.Instance.Compare(before[old].Id, after[now].Id);
            if (order < 0)
            {
                var gone = before[old++];
                yield return new ServiceChange(ServiceChangeKind.Down, gone) { DownReason = explain(gone.Id) };
            }
            else if (order > 0)
            {
                yield return new ServiceChange(ServiceChangeKind.Up, after[now++]);
            }
            else
            {
                if (!ReferenceEquals(before[old], after[now]))
                {
                    yield return new ServiceChange(ServiceChangeKind.Updated, after[now]);
                }

                old++;
                now++;
            }
        }
    }
}
