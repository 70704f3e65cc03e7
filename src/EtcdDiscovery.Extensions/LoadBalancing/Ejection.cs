namespace EtcdDiscovery.LoadBalancing;

/// <summary>The ejection of an instance, which is not picked until it ends.</summary>
internal sealed class Ejection(ServiceInstance instance)
{
    /// <summary>The instance at the time of the ejection. If it has changed since, it is a different object.</summary>
    public ServiceInstance Instance => instance;

    /// <summary>When the ejection ends, by the wall clock, for display.</summary>
    public DateTimeOffset EndsAt { get; init; }

    /// <summary>The timer that ends the ejection.</summary>
    public ITimer? Timer { get; set; }
}
