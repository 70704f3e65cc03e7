namespace EtcdDiscovery.LoadBalancing;

/// <summary>That an instance is not picked for a while.</summary>
internal sealed class Ejection(ServiceInstance instance)
{
    /// <summary>The instance as it was then. One that was written anew since is another one.</summary>
    public ServiceInstance Instance => instance;

    /// <summary>What ends it.</summary>
    public ITimer? Timer { get; set; }
}
