using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>The order of a service's instances: by the UTF-8 bytes of their ids, which is the order of their keys.</summary>
internal static class InstanceOrder
{
    /// <summary>Finds the index of an id by binary search.</summary>
    /// <returns>The index of the id; if it is absent, the bitwise complement of the index where it would be.</returns>
    public static int IndexOf(ReadOnlySpan<ServiceInstance> instances, string id)
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

    /// <summary>Finds the instance with an id; null if there is none.</summary>
    public static ServiceInstance? Find(ServiceInstance[] instances, string id) =>
        IndexOf(instances, id) is >= 0 and var index ? instances[index] : null;
}
