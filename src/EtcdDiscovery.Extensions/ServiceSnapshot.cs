using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Primitives;

namespace EtcdDiscovery;

/// <summary>Everything known about a service at one moment. Immutable.</summary>
/// <remarks>In tests, <see cref="Service"/> and <see cref="Instances"/> are enough: the other members have defaults.</remarks>
public sealed class ServiceSnapshot
{
    /// <summary>The description of the service; only its name if the store has none.</summary>
    public required ServiceInfo Service { get; init; }

    /// <summary>The instances of any status, ordered by key.</summary>
    public required ImmutableArray<ServiceInstance> Instances { get => ReadInstances?.Invoke() ?? field; init; }

    /// <summary>Whether the service has a description or an instance. A service that exists may have no instance at the moment.</summary>
    /// <value><see langword="true"/> whenever there are instances. Otherwise the default is <see langword="false"/>.</value>
    public bool Exists { get => field || !Instances.IsDefaultOrEmpty; init; }

    /// <summary>
    /// A token that fires once, when the description, the instances or the suspects have changed since this snapshot. Use it to invalidate
    /// caches.
    /// </summary>
    /// <remarks>
    /// It also fires when the service is dropped from memory (<see cref="EtcdDiscoveryOptions.CacheIdleTimeout"/>) and when the application
    /// stops. Callbacks run on the thread pool.
    /// </remarks>
    /// <value>The default is a token that never fires.</value>
    [JsonIgnore]
    public IChangeToken ChangeToken { get; init; } = new CancellationChangeToken(CancellationToken.None);

    /// <summary>
    /// Opaque text that identifies the content of this snapshot within this process. Compare it for equality only: two snapshots of a
    /// service with the same version have the same description, instances and suspects.
    /// </summary>
    /// <value>The default is the empty string.</value>
    public string Version { get; init; } = "";

    /// <summary>
    /// The latest time, by this machine's clock, at which the snapshot was known to be current. While etcd can be reached, it confirms the
    /// snapshot at least every 10 seconds; its v2 API confirms it only when something changes or is read.
    /// </summary>
    /// <value>The default is <see cref="DateTimeOffset.MinValue"/>.</value>
    public DateTimeOffset AsOf { get; init; }

    /// <summary>Where the snapshot comes from. <see cref="AsOf"/> advances only while this is <see cref="SnapshotSource.Live"/>.</summary>
    /// <value>The default is <see cref="SnapshotSource.Live"/>.</value>
    public SnapshotSource Source { get; init; }

    /// <summary>
    /// The instances in <see cref="Instances"/> that are missing from the store but kept, because the store may be at fault: they vanished
    /// around an outage of the store or a broken watch, or after half of a service of four or more instances had vanished. Unless they
    /// reappear, they are removed after <see cref="EtcdDiscoveryOptions.OutageGrace"/>.
    /// </summary>
    /// <value>The default is none.</value>
    public ImmutableArray<ServiceInstance> Suspects { get; init; } = [];

    /// <summary>How many entries of the service could not be read and were skipped.</summary>
    /// <value>The default is 0.</value>
    public int UnreadableEntries { get; init; }

    /// <summary>Returns <see cref="Instances"/>, so that those of a large service are copied only on request.</summary>
    internal Func<ImmutableArray<ServiceInstance>>? ReadInstances { private get; init; }
}
