namespace EtcdDiscovery;

/// <summary>The current snapshot of a service, and the changes since the previous update. Immutable.</summary>
public sealed class ServiceUpdate
{
    /// <summary>The current snapshot.</summary>
    public required ServiceSnapshot Snapshot { get; init; }

    /// <summary>
    /// The changes of the instances that take requests, in order. The first update has all of them as <see cref="ServiceChangeKind.Up"/>.
    /// Empty if only something else changed, such as the service's description.
    /// </summary>
    /// <remarks>
    /// Applied to the instances of the previous update, they yield the instances of <see cref="Snapshot"/> that take requests.
    /// </remarks>
    public required IReadOnlyList<ServiceChange> Changes { get; init; }
}
