using System.Collections.Frozen;

namespace EtcdDiscovery.Resolution;

/// <summary>All that a service's entries said at one revision. Never changes; a change makes another one.</summary>
internal sealed class CatalogSnapshot(ServiceInfo? info, ServiceInstance[] instances, StoreRevision revision)
{
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrozenDictionary<string, ServiceInstance[]>? _byShard;

    public static CatalogSnapshot Nothing { get; } = new(null, [], default);

    /// <summary>What describes the service; null when nobody has.</summary>
    public ServiceInfo? Info { get; } = info;

    /// <summary>The instances in the order of their keys. Not to be written to.</summary>
    public ServiceInstance[] Instances { get; } = instances;

    /// <summary>Those that take requests.</summary>
    public ServiceInstance[] Serving { get; } =
        Array.TrueForAll(instances, IsServing) ? instances : Array.FindAll(instances, IsServing);

    public StoreRevision Revision { get; } = revision;

    /// <summary>Completes when there is a newer one.</summary>
    public Task Superseded => _superseded.Task;

    public void Supersede() => _superseded.TrySetResult();

    public ServiceInstance? Find(string id) =>
        InstanceArray.Find(Instances, id) is >= 0 and var index ? Instances[index] : null;

    /// <summary>Those that take requests, on a shard when one is asked for.</summary>
    public ServiceInstance[] On(string? shard) =>
        shard is null ? Serving : ByShard().TryGetValue(shard, out var instances) ? instances : [];

    // Most snapshots are never asked for a shard. Two askers at once build it twice, and both are right.
    private FrozenDictionary<string, ServiceInstance[]> ByShard() => _byShard ??= Serving
        .Where(instance => instance.Shard is not null)
        .GroupBy(instance => instance.Shard!, StringComparer.Ordinal)
        .ToFrozenDictionary(shard => shard.Key, shard => shard.ToArray(), StringComparer.Ordinal);

    private static bool IsServing(ServiceInstance instance) => instance.Status == ServiceStatus.Serving;
}
