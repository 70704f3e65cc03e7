namespace EtcdDiscovery.Resolution;

/// <summary>A step from one snapshot to the next.</summary>
/// <param name="Snapshot">The next one.</param>
/// <param name="Changes">What leads to it, in the order of the ids.</param>
internal sealed record ViewUpdate(ServiceView Snapshot, IReadOnlyList<InstanceChange> Changes);
