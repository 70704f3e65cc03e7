using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Resolution.Persistence;

namespace EtcdDiscovery.Resolution;

/// <summary>How the catalog keeps what it knows.</summary>
/// <param name="Backoff">How long to wait before the store is tried again.</param>
internal sealed record CatalogSettings(Backoff Backoff)
{
    /// <summary>How long a service that is not used is kept; infinite for ever.</summary>
    public TimeSpan IdleTimeout { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>About how often a service is read again, to repair what its watch may have lost; infinite for never.</summary>
    public TimeSpan RefreshInterval { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>How long instances are kept that vanished while the store could not be seen, or more than half together.</summary>
    public TimeSpan OutageGrace { get; init; }

    /// <summary>Keeps what happened last, for diagnostics.</summary>
    public RecentItems<DiscoveryEvent>? Timeline { get; init; }

    /// <summary>Where snapshots are saved; null for nowhere.</summary>
    public SnapshotDirectory? Directory { get; init; }
}
