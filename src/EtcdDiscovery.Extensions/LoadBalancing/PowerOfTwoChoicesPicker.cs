namespace EtcdDiscovery.LoadBalancing;

internal sealed class PowerOfTwoChoicesPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances)
    {
        // 63 random bits: 32 for the first, 31 for the second.
        var random = (ulong)Random.Shared.NextInt64();
        var (high, low) = ((uint)(random >> 31), (uint)random & int.MaxValue);
        return instances.Count == 1 ? instances[0]
            : instances.HasEqualWeights ? PickOfEqual(instances, high, low)
            : PickByWeight(instances, high, low);
    }

    // The first choice wins a tie, because it is uniformly distributed by itself.
    private static ServiceInstance PickOfEqual(InstanceSet instances, ulong high, ulong low)
    {
        var count = (uint)instances.Count;
        var first = (int)((high * count) >> 32);
        var second = (int)((low * (count - 1)) >> 31);
        second = second < first ? second : second + 1;
        return instances[instances.GetOutstanding(second) < instances.GetOutstanding(first) ? second : first];
    }

    private static ServiceInstance PickByWeight(InstanceSet instances, uint high, uint low)
    {
        var weights = instances.Weights;
        var first = weights.Find(high);
        var second = weights.Find(low << 1);
        second = second != first ? second : (first + 1) % instances.Count;
        var isLessBusy = instances.GetOutstanding(second) * weights.ShareOf(first)
            < instances.GetOutstanding(first) * weights.ShareOf(second);
        return instances[isLessBusy ? second : first];
    }
}
