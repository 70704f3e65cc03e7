namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>A snapshot that a process saved.</summary>
/// <param name="View">The view.</param>
/// <param name="AsOf">When the view was last confirmed.</param>
internal sealed record SavedSnapshot(ServiceView View, DateTimeOffset AsOf);
