namespace EtcdDiscovery.Tests.Documentation;

internal sealed class LeastBusyPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances)
    {
        var best = 0;
        for (var i = 1; i < instances.Count; i++)
        {
            if (instances.GetOutstanding(i) < instances.GetOutstanding(best))
            {
                best = i;
            }
        }

        return instances[best];
    }
}
