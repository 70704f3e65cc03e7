using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution.Persistence;

namespace EtcdDiscovery.Resolution;

/// <summary>Settings of the catalog.</summary>
/// <param name="Backoff">The wait between attempts to reach the store.</param>
internal sealed record CatalogSettings(Backoff Backoff)
{
    /// <summary>How long an unused service is kept; infinite to keep it until the application stops.</summary>
    public TimeSpan IdleTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// The approximate interval at which a service is read again, to recover changes that its watch may have missed; infinite to disable.
    /// </summary>
    public TimeSpan RefreshInterval { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// How long vanished instances are kept if the store was unreachable, or if more than half of a service vanished at once.
    /// </summary>
    public TimeSpan OutageGrace { get; init; }

    /// <summary>Keeps the latest events, for diagnostics.</summary>
    public Timeline? Timeline { get; init; }

    /// <summary>The directory for snapshots; null if none are saved.</summary>
    public SnapshotDirectory? Directory { get; init; }
}
