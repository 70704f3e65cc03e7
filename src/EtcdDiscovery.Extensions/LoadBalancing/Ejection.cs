namespace EtcdDiscovery.LoadBalancing;

/// <summary>That an instance is not picked for a while.</summary>
internal sealed class Ejection(ServiceInstance instance)
{
    /// <summary>The instance as it was then. One that was written anew since is another one.</summary>
    public ServiceInstance Instance => instance;

    /// <summary>When it ends, by the wall clock, for people.</summary>
    public DateTimeOffset EndsAt { get; init; }

    /// <summary>What ends it.</summary>
    public ITimer? Timer { get; set; }
}
