using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Settings of the session.</summary>
/// <param name="TimeToLive">The time to live to request from the store.</param>
/// <param name="DrainDelay">How long to keep serving, marked as draining, before withdrawal.</param>
/// <param name="Backoff">The wait between attempts.</param>
internal sealed record SessionSettings(TimeSpan TimeToLive, TimeSpan DrainDelay, Backoff Backoff);
