namespace EtcdDiscovery.LoadBalancing;

internal sealed class FirstPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances) => instances[0];
}
