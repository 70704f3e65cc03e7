using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>Settings of the session.</summary>
/// <param name="TimeToLive">The time to live to request from the store.</param>
/// <param name="DrainDelay">How long instances keep handling requests, marked as draining, before they are withdrawn.</param>
/// <param name="Backoff">The wait between attempts.</param>
internal sealed record SessionSettings(TimeSpan TimeToLive, TimeSpan DrainDelay, Backoff Backoff);
