namespace EtcdDiscovery;

/// <summary>A change of one instance of a service.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">The instance: as it is now, or with <see cref="ServiceChangeKind.Down"/> as it was last.</param>
public sealed record ServiceChange(ServiceChangeKind Kind, ServiceInstance Instance)
{
    /// <summary>Why the instance went down; <see langword="null"/> unless it did.</summary>
    public ServiceDownReason? DownReason { get; init; }
}
