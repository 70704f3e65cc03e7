namespace EtcdDiscovery;

/// <summary>The current snapshot of a service, and the changes since the previous update. Immutable.</summary>
public sealed class ServiceUpdate
{
    /// <summary>The current snapshot.</summary>
    public required ServiceSnapshot Snapshot { get; init; }

    /// <summary>
    /// The changes of the instances that take requests, in order. The first update reports each of these instances as
    /// <see cref="ServiceChangeKind.Up"/>. The list is empty if only something else changed, such as the service's description.
    /// </summary>
    /// <remarks>
    /// Applied to the instances of the previous update that take requests, these changes yield those of <see cref="Snapshot"/>.
    /// </remarks>
    public required IReadOnlyList<ServiceChange> Changes { get; init; }
}
