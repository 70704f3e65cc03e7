namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A picker that records the outstanding calls of each instance, ordered by key.</summary>
internal sealed class OutstandingProbe : IInstancePicker
{
    public IReadOnlyList<int> Counts { get; private set; } = [];

    public ServiceInstance Pick(InstanceSet instances)
    {
        Counts = [.. Enumerable.Range(0, instances.Count).Select(instances.GetOutstanding)];
        return instances[0];
    }
}
