using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Registration;

/// <summary>How a session is kept.</summary>
/// <param name="TimeToLive">What to ask the server for.</param>
/// <param name="DrainDelay">How long to go on serving, marked as draining, before withdrawing.</param>
/// <param name="Backoff">How long to wait between tries.</param>
internal sealed record SessionSettings(TimeSpan TimeToLive, TimeSpan DrainDelay, Backoff Backoff);
