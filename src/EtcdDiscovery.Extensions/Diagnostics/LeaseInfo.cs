namespace EtcdDiscovery.Diagnostics;

/// <summary>The lease under which this process is registered.</summary>
/// <param name="TimeToLive">How long the store keeps the registrations after the last renewal, as the store granted it.</param>
/// <param name="Age">The time since the last successful renewal was requested.</param>
/// <param name="Failure">Why the last renewal failed; <see langword="null"/> when it succeeded.</param>
public sealed record LeaseInfo(TimeSpan TimeToLive, TimeSpan Age, string? Failure);
