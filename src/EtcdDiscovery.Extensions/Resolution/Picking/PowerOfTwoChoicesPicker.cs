namespace EtcdDiscovery.Resolution.Picking;

internal sealed class PowerOfTwoChoicesPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances)
    {
        var (first, second) = instances.Count == 1 ? (0, 0) : Two(instances, (ulong)Random.Shared.NextInt64());
        return instances[IsLessBusy(instances, second, first) ? second : first];
    }

    /// <summary>Two different ones. The first alone is a fair choice: it is taken when both are equally busy.</summary>
    /// <param name="instances">At least two.</param>
    /// <param name="random">63 random bits: 32 for the first, 31 for the second.</param>
    private static (int First, int Second) Two(InstanceSet instances, ulong random)
    {
        var count = (uint)instances.Count;
        var (high, low) = (random >> 31, random & int.MaxValue);
        if (instances.HasEqualWeights)
        {
            var first = (int)((high * count) >> 32);
            var second = (int)((low * (count - 1)) >> 31);
            return (first, second < first ? second : second + 1);
        }
        else
        {
            var first = instances.Weights.Find((uint)high);
            var second = instances.Weights.Find((uint)low << 1);
            return (first, second != first ? second : (first + 1) % (int)count);
        }
    }

    private static bool IsLessBusy(InstanceSet instances, int one, int other)
    {
        var (outstanding, outstandingAtOther) = (instances.GetOutstanding(one), instances.GetOutstanding(other));
        return instances.HasEqualWeights
            ? outstanding < outstandingAtOther
            : outstanding * instances.Weights.ShareOf(other) < outstandingAtOther * instances.Weights.ShareOf(one);
    }
}
