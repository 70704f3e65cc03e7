using System.Collections.Frozen;

namespace EtcdDiscovery.Resolution;

/// <summary>All that a service's entries said at one revision. Never changes; a change makes another one.</summary>
internal sealed class ServiceView
{
    private readonly TaskCompletionSource _superseded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private FrozenDictionary<string, ServiceInstance[]>? _byShard;

    private ServiceView(
        ServiceInfo? info,
        ServiceInstance[] instances,
        ServiceInstance[] serving,
        IReadOnlyList<string> suspects,
        StoreRevision revision,
        long version)
    {
        Description = info;
        Instances = instances;
        Serving = serving;
        Suspects = suspects;
        Revision = revision;
        Version = version;
    }

    public static ServiceView Nothing { get; } = new(null, [], [], [], default, 0);

    /// <summary>What describes the service; null when nobody has.</summary>
    public ServiceInfo? Description { get; }

    /// <summary>The instances in the order of their keys. Not to be written to.</summary>
    public ServiceInstance[] Instances { get; }

    /// <summary>Those that take requests; the very same array when all do.</summary>
    public ServiceInstance[] Serving { get; }

    public StoreRevision Revision { get; }

    /// <summary>How many snapshots of the service came before.</summary>
    public long Version { get; }

    /// <summary>The ids of those that were there before an outage and not after it, in order; they may come back.</summary>
    public IReadOnlyList<string> Suspects { get; }

    /// <summary>False when all instances are known to have the weight 1, so that nobody has to look at each of them.</summary>
    public bool MayHaveWeights { get; private init; }

    /// <summary>Completes when there is a newer one.</summary>
    public Task Superseded => _superseded.Task;

    public void Supersede() => _superseded.TrySetResult();

    /// <summary>The snapshot after some changes.</summary>
    public ServiceView With(
        ServiceInfo? info, IReadOnlyList<InstanceChange> changes, IReadOnlyList<string> suspects, StoreRevision revision)
    {
        var instances = changes.Count == 0 ? Instances : InstanceArray.Apply(Instances, changes, InstanceArray.Any);
        return new(info, instances, ServingAfter(changes, instances), suspects, revision, Version + 1)
        {
            MayHaveWeights = MayHaveWeights || changes.Any(change => change.After is { Weight: not 1 }),
        };
    }

    public ServiceInstance? Find(string id) =>
        InstanceArray.Find(Instances, id) is >= 0 and var index ? Instances[index] : null;

    /// <summary>Those that take requests, on a shard when one is asked for.</summary>
    public ServiceInstance[] OnShard(string? shard) =>
        shard is null ? Serving : ByShard().TryGetValue(shard, out var instances) ? instances : [];

    // Looks at what changed only: most of ten thousand instances did not.
    private ServiceInstance[] ServingAfter(IReadOnlyList<InstanceChange> changes, ServiceInstance[] instances)
    {
        if (changes.Count == 0)
        {
            return Serving;
        }

        var allServe = Serving == Instances && changes.All(change => change.After is null || InstanceArray.IsServing(change.After));
        var serving = allServe ? instances : InstanceArray.Apply(Serving, changes, InstanceArray.IsServing);
        return serving.Length == instances.Length ? instances : serving;
    }

    // Most snapshots are never asked for a shard. Two askers at once build it twice, and both are right.
    private FrozenDictionary<string, ServiceInstance[]> ByShard() => _byShard ??= Serving
        .Where(instance => instance.Shard is not null)
        .GroupBy(instance => instance.Shard!, StringComparer.Ordinal)
        .ToFrozenDictionary(shard => shard.Key, shard => shard.ToArray(), StringComparer.Ordinal);
}
