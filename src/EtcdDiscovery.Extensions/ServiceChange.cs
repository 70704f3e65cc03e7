namespace EtcdDiscovery;

/// <summary>A change of one of a service's instances. An instance that is draining or in maintenance counts as down.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">The instance: as it is now, or with <see cref="ServiceChangeKind.Down"/> as it was last.</param>
public sealed record ServiceChange(ServiceChangeKind Kind, ServiceInstance Instance)
{
    /// <summary>
    /// Why the instance went down; <see langword="null"/> unless it did. It may be <see langword="null"/>, too, when a slow reader got
    /// changes merged.
    /// </summary>
    public ServiceDownReason? DownReason { get; init; }
}
