using System.Runtime.CompilerServices;

namespace EtcdDiscovery.LoadBalancing;

internal sealed class RandomPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances) => instances.HasEqualWeights
        ? instances[Random.Shared.Next(instances.Count)]
        : PickByWeight(instances);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ServiceInstance PickByWeight(InstanceSet instances) =>
        instances[instances.Weights.Find((uint)(Random.Shared.NextInt64() >> 31))];
}
