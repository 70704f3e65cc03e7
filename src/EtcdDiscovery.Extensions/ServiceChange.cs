namespace EtcdDiscovery;

/// <summary>A change of one of a service's instances. An instance that is draining or in maintenance counts as down. Immutable.</summary>
public sealed class ServiceChange
{
    /// <summary>The kind of change.</summary>
    public required ServiceChangeKind Kind { get; init; }

    /// <summary>
    /// The instance as it is now, or as it was last if it is gone. If it is down for maintenance,
    /// <see cref="ServiceInstance.StatusReason"/> may have the reason.
    /// </summary>
    public required ServiceInstance Instance { get; init; }

    /// <summary>
    /// Why the instance went down; <see langword="null"/> unless it did. It may also be <see langword="null"/> when changes were merged for
    /// a slow reader.
    /// </summary>
    public ServiceDownReason? DownReason { get; init; }
}
