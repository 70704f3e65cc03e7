namespace EtcdDiscovery;

/// <summary>A service as it is now, and the changes that led there from the update before. Immutable.</summary>
public sealed class ServiceUpdate
{
    /// <summary>Everything known of the service.</summary>
    public required ServiceSnapshot Snapshot { get; init; }

    /// <summary>
    /// The changes of the instances that take requests, in order. The first update has all of them as
    /// <see cref="ServiceChangeKind.Up"/>. Empty when something else changed, such as the service's description.
    /// </summary>
    /// <remarks>Applied to the instances of the update before, they give the instances of <see cref="Snapshot"/> that take requests.</remarks>
    public required IReadOnlyList<ServiceChange> Changes { get; init; }
}
