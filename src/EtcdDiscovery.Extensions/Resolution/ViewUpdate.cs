namespace EtcdDiscovery.Resolution;

/// <summary>A step from one view to the next.</summary>
/// <param name="View">The next one.</param>
/// <param name="Changes">What leads to it, in the order of the ids.</param>
internal sealed record ViewUpdate(ServiceView View, IReadOnlyList<InstanceChange> Changes);
