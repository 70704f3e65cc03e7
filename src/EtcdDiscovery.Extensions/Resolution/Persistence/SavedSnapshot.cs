namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>A snapshot that a process saved.</summary>
/// <param name="Snapshot">The snapshot.</param>
/// <param name="AsOf">When it was last known to be true.</param>
internal sealed record SavedSnapshot(ServiceView Snapshot, DateTimeOffset AsOf);
