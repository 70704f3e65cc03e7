namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>A snapshot that a process saved.</summary>
/// <param name="View">What was known.</param>
/// <param name="AsOf">When it was last known to be true.</param>
internal sealed record SavedSnapshot(ServiceView View, DateTimeOffset AsOf);
