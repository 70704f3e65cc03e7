using System.Collections.Frozen;
using System.Globalization;
using EtcdDiscovery.LoadBalancing;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>All that is known about a service at one moment, and the sets to pick from. Immutable: a change creates a new view.</summary>
internal sealed class ServiceView
{
    private static long _lastVersion;

    private TaskCompletionSource _superseded;
    private FrozenDictionary<string, InstanceList>? _byShard;

    private ServiceView(
        ServiceInfo? description, InstanceList instances, InstanceList serving, StoreRevision revision, long version)
    {
        Description = description;
        Instances = instances;
        Serving = serving;
        Revision = revision;
        Version = version;
        _superseded = Promise.New();
    }

    // Copies the content, with another freshness and other sets to pick from.
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

    /// <summary>The initial content: no description and no instance.</summary>
    public static ServiceView Empty { get; } = NewUnknown();

    /// <summary>The description of the service; null if there is none.</summary>
    public ServiceInfo? Description { get; }

    /// <summary>The instances in the order of their keys.</summary>
    public InstanceList Instances { get; }

    /// <summary>The instances that take requests; the same object if all do.</summary>
    public InstanceList Serving { get; }

    /// <summary>The ids, in order, of instances that vanished, perhaps because of a fault of the store.</summary>
    public IReadOnlyList<string> Suspects { get; private init; } = [];

    public StoreRevision Revision { get; private init; }

    /// <summary>Identifies the content, uniquely in this process; 0 if nothing is known yet.</summary>
    public long Version { get; }

    public bool IsKnown => Version > 0;

    /// <summary>Whether the store has a description of the service or an instance.</summary>
    public bool Exists => Description is not null || Instances.Count > 0;

    /// <summary>False if all instances are known to have the weight 1, so that weights need not be compared.</summary>
    public bool MayHaveWeights { get; private init; }

    /// <summary>How current the view is.</summary>
    public Freshness Freshness { get; } = Freshness.Unknown;

    /// <summary>The sets to pick from; null before the view is published.</summary>
    public PickSets? Picks { get; }

    /// <summary>The set for a query without conditions; null before the view is published, and if there is no instance.</summary>
    public InstanceSet? DefaultSet { get; }

    /// <summary>The public snapshot of this view; null until it is requested.</summary>
    public ServiceSnapshot? Exposed { get; set; }

    /// <summary>Completes when the content is superseded.</summary>
    public Task Superseded => _superseded.Task;

    /// <summary>Creates the view of a service that has not been read yet.</summary>
    public static ServiceView NewUnknown() => new(null, InstanceList.Empty, InstanceList.Empty, default, 0);

    public void Supersede() => _superseded.TrySetResult();

    /// <summary>Whether a view has the same content, regardless of its freshness.</summary>
    public bool HasContentOf(ServiceView other) => Version == other.Version;

    /// <summary>Copies the view, to be superseded together with another one.</summary>
    public ServiceView SupersededWith(ServiceView other) => new(this, Freshness, Picks) { _superseded = other._superseded };

    /// <summary>Copies the content, with another freshness and other sets to pick from.</summary>
    public ServiceView With(Freshness freshness, PickSets? picks) => new(this, freshness, picks);

    /// <summary>Creates the view after some changes; its version does not change if there are none.</summary>
    public ServiceView With(
        ServiceInfo? description, IReadOnlyList<InstanceChange> changes, IReadOnlyList<string> suspects, StoreRevision revision)
    {
        if (IsKnown && changes.Count == 0 && description == Description && suspects.SequenceEqual(Suspects))
        {
            return new(this, Freshness, Picks) { Revision = revision };
        }

        var instances = changes.Count == 0 ? Instances : InstanceChanges.Apply(Instances, changes);
        return new(description, instances, ServingAfter(changes, instances), revision, Interlocked.Increment(ref _lastVersion))
        {
            Suspects = suspects,
            MayHaveWeights = MayHaveWeights || changes.Any(change => change.After is { Weight: not 1 }),
        };
    }

    public ServiceInstance? Find(string id) => Instances.Find(id);

    /// <summary>The instances that take requests, on a shard if one is given.</summary>
    public InstanceList OnShard(string? shard) =>
        shard is null ? Serving : ByShard().TryGetValue(shard, out var instances) ? instances : InstanceList.Empty;

    public ServiceSnapshot ToSnapshot(string service, int unreadableEntries, ILogger logger) => new()
    {
        Service = Description ?? new ServiceInfo { Name = service },
        Instances = default,
        ReadInstances = Instances.ToImmutableArray,
        Exists = Exists,
        ChangeToken = new SnapshotChangeToken(Superseded, logger),
        Version = Version.ToString(CultureInfo.InvariantCulture),
        AsOf = Freshness.AsOf,
        Source = Freshness.Source,
        Suspects = [.. Suspects.Select(Find).OfType<ServiceInstance>()],
        UnreadableEntries = unreadableEntries,
    };

    // Processes only the changes, because most of ten thousand instances do not change.
    private InstanceList ServingAfter(IReadOnlyList<InstanceChange> changes, InstanceList instances)
    {
        if (changes.Count == 0)
        {
            return Serving;
        }

        var allServe = Serving == Instances && changes.All(change => change.After is null || InstanceChanges.IsServing(change.After));
        var serving = allServe ? instances : InstanceChanges.Apply(Serving, changes, InstanceChanges.IsServing);
        return serving.Count == instances.Count ? instances : serving;
    }

    // Built lazily, because most views are never queried by shard. A race builds it twice, with the same result.
    private FrozenDictionary<string, InstanceList> ByShard() => _byShard ??= Serving
        .Where(instance => instance.Shard is not null)
        .GroupBy(instance => instance.Shard!, StringComparer.Ordinal)
        .ToFrozenDictionary(shard => shard.Key, shard => InstanceList.Of([.. shard]), StringComparer.Ordinal);
}
