using System.Runtime.CompilerServices;
using EtcdDiscovery.Resolution;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>What can be picked of a snapshot while the same instances are ejected. Immutable.</summary>
/// <remarks>
/// What is needed once a snapshot must not be inlined: the compiler has only so much room in the method that answers nearly
/// all questions, and spends it by chance.
/// </remarks>
internal sealed class PickSets
{
    private readonly BalancerState _service;
    private readonly IReadOnlyList<ServiceInstance> _ejected;
    private InstanceGroups? _byShard;

    /// <summary>Creates it.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <param name="ejected">Those to do without if possible; the first ones first.</param>
    /// <param name="service">What is remembered from one snapshot to the next.</param>
    public PickSets(ServiceView snapshot, IReadOnlyList<ServiceInstance> ejected, BalancerState service)
    {
        Snapshot = snapshot;
        _ejected = ejected;
        _service = service;
        All = snapshot.Serving.Length == 0 ? null : NewSet(snapshot.Serving, "");
    }

    public ServiceView Snapshot { get; }

    /// <summary>What is picked from when nothing is asked for; null when there is no instance.</summary>
    public InstanceSet? All { get; }

    /// <summary>What is picked from; null when there is no instance.</summary>
    /// <param name="query">What is asked for.</param>
    /// <param name="defaultZone">The zone to prefer when the query names none.</param>
    public InstanceSet? Among(ServiceQuery query, string? defaultZone)
    {
        var instances = query.Shard is null ? All : OnShard(query.Shard);
        return instances is null || (query.Details is null && defaultZone is null)
            ? instances
            : Prefer(instances, query.PreferredShard, query.PreferredZone ?? defaultZone);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static InstanceSet Prefer(InstanceSet instances, string? shard, string? zone)
    {
        instances = shard is null ? instances : instances.PreferShard(shard);
        return string.IsNullOrEmpty(zone) ? instances : instances.PreferZone(zone);
    }

    // Half of a shard may be ejected whatever the others do, and never its last instance.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? OnShard(string shard) => (_byShard ??= new(
        Snapshot.Serving, static instance => instance.Shard, (name, instances) => NewSet(instances, $"on shard={name}"))).Find(shard);

    private InstanceSet NewSet(ServiceInstance[] instances, string scope) =>
        new(TakeOut(instances), _service, scope, Snapshot.MayHaveWeights);

    // Where more than half have failed, the reason may well be on this side, and the others could not bear it all.
    private ServiceInstance[] TakeOut(ServiceInstance[] instances)
    {
        var places = _ejected
            .Select(instance => InstanceArray.Find(instances, instance.Id))
            .Where(place => place >= 0)
            .Take(instances.Length / 2)
            .Order()
            .ToList();
        if (places.Count == 0)
        {
            return instances;
        }

        var rest = new List<ServiceInstance>(instances.Length - places.Count);
        var next = 0;
        foreach (var place in places)
        {
            rest.AddRange(instances.AsSpan(next, place - next));
            next = place + 1;
        }

        rest.AddRange(instances.AsSpan(next));
        return [.. rest];
    }
}
