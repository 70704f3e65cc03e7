namespace EtcdDiscovery.LoadBalancing;

internal sealed class RoundRobinPicker : IInstancePicker
{
    // 2^32 divided by the golden ratio. Its multiples are distributed as evenly as possible over the range, however many of them there are.
    // So each instance is picked in proportion to its weight, and its picks are spread evenly.
    private const uint Golden = 2_654_435_769;

    public ServiceInstance Pick(InstanceSet instances)
    {
        var turn = instances.Turns.Next();
        return instances[instances.HasEqualWeights
            ? (int)(turn % (uint)instances.Count)
            : instances.Weights.Find(unchecked(turn * Golden))];
    }
}
