using System.Collections.Frozen;
using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Resolution;

/// <summary>Everything that is known of a service at one moment, and the sets to pick from. Immutable: a change makes another view.</summary>
internal sealed class ServiceView
{
    private static long _lastVersion;

    private TaskCompletionSource _superseded;
    private FrozenDictionary<string, ServiceInstance[]>? _byShard;

    private ServiceView(
        ServiceInfo? description, ServiceInstance[] instances, ServiceInstance[] serving, StoreRevision revision, long version)
    {
        Description = description;
        Instances = instances;
        Serving = serving;
        Revision = revision;
        Version = version;
        _superseded = Promise.New();
    }

    // The same content, of another age or with other sets to pick from.
    private ServiceView(ServiceView content, Freshness freshness, PickSets? picks)
    {
        Description = content.Description;
        Instances = content.Instances;
        Serving = content.Serving;
        Suspects = content.Suspects;
        Revision = content.Revision;
        Version = content.Version;
        MayHaveWeights = content.MayHaveWeights;
        Freshness = freshness;
        Picks = picks;
        DefaultSet = picks?.All;
        _superseded = content._superseded;
        _byShard = content._byShard;
    }

    /// <summary>The content to begin with: no description and no instance.</summary>
    public static ServiceView Empty { get; } = NewUnknown();

    /// <summary>What describes the service; null when nothing does.</summary>
    public ServiceInfo? Description { get; }

    /// <summary>The instances in the order of their keys. Not to be written to.</summary>
    public ServiceInstance[] Instances { get; }

    /// <summary>Those that take requests; the very same array when all do.</summary>
    public ServiceInstance[] Serving { get; }

    /// <summary>The ids of instances that vanished, but perhaps through a fault of the store, in order.</summary>
    public IReadOnlyList<string> Suspects { get; private init; } = [];

    public StoreRevision Revision { get; private init; }

    /// <summary>Identifies the content: no other content of this process has the same version; 0 when nothing is known yet.</summary>
    public long Version { get; }

    public bool IsKnown => Version > 0;

    /// <summary>Whether the store has a description of the service or an instance.</summary>
    public bool Exists => Description is not null || Instances.Length > 0;

    /// <summary>False when all instances are known to have the weight 1, so that their weights need no look.</summary>
    public bool MayHaveWeights { get; private init; }

    /// <summary>How current the view is.</summary>
    public Freshness Freshness { get; } = Freshness.Unknown;

    /// <summary>The sets to pick from; null before the view is published.</summary>
    public PickSets? Picks { get; }

    /// <summary>What a query without conditions picks from; null before the view is published, and without an instance.</summary>
    public InstanceSet? DefaultSet { get; }

    /// <summary>The view in the form that users get; null until one asks for it.</summary>
    public ServiceSnapshot? Exposed { get; set; }

    /// <summary>Completes when there is a view with other content.</summary>
    public Task Superseded => _superseded.Task;

    /// <summary>The view of a service of which nothing is known yet.</summary>
    public static ServiceView NewUnknown() => new(null, [], [], default, 0);

    public void Supersede() => _superseded.TrySetResult();

    /// <summary>Whether a view has the same content, though perhaps another age.</summary>
    public bool HasContentOf(ServiceView other) => Version == other.Version;

    /// <summary>The same view, which counts as superseded when the other one is.</summary>
    public ServiceView SupersededWith(ServiceView other) => new(this, Freshness, Picks) { _superseded = other._superseded };

    /// <summary>The same content, of another age or with other sets to pick from.</summary>
    public ServiceView With(Freshness freshness, PickSets? picks) => new(this, freshness, picks);

    /// <summary>The view after some changes; it keeps its content when there are none.</summary>
    public ServiceView With(
        ServiceInfo? description, IReadOnlyList<InstanceChange> changes, IReadOnlyList<string> suspects, StoreRevision revision)
    {
        if (IsKnown && changes.Count == 0 && description == Description && suspects.SequenceEqual(Suspects))
        {
            return new(this, Freshness, Picks) { Revision = revision };
        }

        var instances = changes.Count == 0 ? Instances : InstanceArray.Apply(Instances, changes, InstanceArray.Any);
        return new(description, instances, ServingAfter(changes, instances), revision, Interlocked.Increment(ref _lastVersion))
        {
            Suspects = suspects,
            MayHaveWeights = MayHaveWeights || changes.Any(change => change.After is { Weight: not 1 }),
        };
    }

    public ServiceInstance? Find(string id) => InstanceOrder.Find(Instances, id);

    /// <summary>Those that take requests, on a shard when one is asked for.</summary>
    public ServiceInstance[] OnShard(string? shard) =>
        shard is null ? Serving : ByShard().TryGetValue(shard, out var instances) ? instances : [];

    // Looks only at what changed: of ten thousand instances most did not.
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

    // Most views are never asked for a shard. Two threads at once build it twice, with the same result.
    private FrozenDictionary<string, ServiceInstance[]> ByShard() => _byShard ??= Serving
        .Where(instance => instance.Shard is not null)
        .GroupBy(instance => instance.Shard!, StringComparer.Ordinal)
        .ToFrozenDictionary(shard => shard.Key, shard => shard.ToArray(), StringComparer.Ordinal);
}
