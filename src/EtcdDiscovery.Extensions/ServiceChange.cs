namespace EtcdDiscovery;

/// <summary>A change of one of a service's instances. An instance that is draining or in maintenance counts as down. Immutable.</summary>
public sealed class ServiceChange
{
    /// <summary>What happened.</summary>
    public required ServiceChangeKind Kind { get; init; }

    /// <summary>
    /// The instance as it is now; as it was last if it is gone. An instance that is down for maintenance tells why in
    /// <see cref="ServiceInstance.StatusReason"/>.
    /// </summary>
    public required ServiceInstance Instance { get; init; }

    /// <summary>
    /// Why the instance went down; <see langword="null"/> unless it did. It may also be <see langword="null"/> when changes were merged for
    /// a slow reader.
    /// </summary>
    public ServiceDownReason? DownReason { get; init; }
}
