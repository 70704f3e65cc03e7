using System.Collections.Immutable;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery;

/// <summary>Everything known of a service at one moment. Immutable.</summary>
public sealed record ServiceSnapshot
{
    /// <summary>The service; only its name when the store has no description of it.</summary>
    public required ServiceInfo Service { get; init; }

    /// <summary>The instances in the order of their keys, whatever their status.</summary>
    public required ImmutableArray<ServiceInstance> Instances { get; init; }

    /// <summary>The store's revision that this is the state of.</summary>
    public required StoreRevision Revision { get; init; }

    /// <summary>
    /// The latest moment, by this machine's clock, for which the snapshot is known to be true. Etcd confirms it at least
    /// every 10 seconds while it is in reach; its v2 API only when something changes or is read.
    /// </summary>
    public required DateTimeOffset AsOf { get; init; }

    /// <summary>Whether the store is in reach, and so whether <see cref="AsOf"/> moves on.</summary>
    public required SnapshotSource Source { get; init; }

    /// <summary>
    /// Those among <see cref="Instances"/> that an outage of the store took away, or that vanished together with half of the
    /// others, and that have not shown up again yet. After <see cref="EtcdDiscoveryOptions.OutageGrace"/> they are given up.
    /// </summary>
    public ImmutableArray<ServiceInstance> Suspects { get; init; } = [];

    /// <summary>How many entries of the service could not be read and were skipped.</summary>
    public int UnreadableEntries { get; init; }
}
