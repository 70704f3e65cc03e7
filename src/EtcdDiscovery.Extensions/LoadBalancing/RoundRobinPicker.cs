namespace EtcdDiscovery.LoadBalancing;

internal sealed class RoundRobinPicker : IInstancePicker
{
    // 2^32 divided by the golden ratio. Its multiples fall as evenly as possible into any share of the range, however many
    // of them there are: so everyone's turns come in proportion to the weights, spread over the round.
    private const uint Golden = 2_654_435_769;

    public ServiceInstance Pick(InstanceSet instances)
    {
        var turn = instances.Turns.Next();
        return instances[instances.HasEqualWeights
            ? (int)(turn % (uint)instances.Count)
            : instances.Weights.Find(unchecked(turn * Golden))];
    }
}
