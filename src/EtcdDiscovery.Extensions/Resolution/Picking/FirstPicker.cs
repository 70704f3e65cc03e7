namespace EtcdDiscovery.Resolution.Picking;

internal sealed class FirstPicker : IInstancePicker
{
    public ServiceInstance Pick(InstanceSet instances) => instances[0];
}
