namespace EtcdDiscovery.Resolution;

/// <summary>A new view, and the changes since the previous one.</summary>
/// <param name="View">The new view.</param>
/// <param name="Changes">The changes in the order of the ids.</param>
internal sealed record ViewUpdate(ServiceView View, IReadOnlyList<InstanceChange> Changes);
