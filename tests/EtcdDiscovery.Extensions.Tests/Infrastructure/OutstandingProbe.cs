namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A picker that sees how many calls are outstanding at each instance, in the order of their keys.</summary>
internal sealed class OutstandingProbe : IInstancePicker
{
    public IReadOnlyList<int> Counts { get; private set; } = [];

    public ServiceInstance Pick(InstanceSet instances)
    {
        Counts = [.. Enumerable.Range(0, instances.Count).Select(instances.GetOutstanding)];
        return instances[0];
    }
}
