using System.Runtime.CompilerServices;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>The sets that instances are picked from, for one view of a service and the ejections of that moment. Immutable.</summary>
/// <remarks>Methods that run once for a view are not inlined, to leave the JIT compiler's budget to the hot path.</remarks>
internal sealed class PickSets
{
    private readonly ServiceInstance[] _serving;
    private readonly IReadOnlyList<ServiceInstance> _ejected;
    private readonly bool _mayHaveWeights;
    private readonly BalancerState _balancer;
    private volatile InstanceGroups? _byShard;

    /// <param name="serving">The instances that take requests, in order.</param>
    /// <param name="mayHaveWeights">False when all instances are known to have the weight 1.</param>
    /// <param name="ejected">Those to leave out if possible; the first ejected first.</param>
    /// <param name="balancer">What is remembered from one view to the next.</param>
    public PickSets(
        ServiceInstance[] serving, bool mayHaveWeights, IReadOnlyList<ServiceInstance> ejected, BalancerState balancer)
    {
        _serving = serving;
        _mayHaveWeights = mayHaveWeights;
        _ejected = ejected;
        _balancer = balancer;
        All = serving.Length == 0 ? null : NewSet(serving, "");
    }

    /// <summary>What is picked from when nothing is asked for; null when there is no instance.</summary>
    public InstanceSet? All { get; }

    /// <summary>What a query picks from; null when there is no instance.</summary>
    /// <param name="query">The query.</param>
    /// <param name="defaultZone">The zone to prefer when the query names none.</param>
    public InstanceSet? Select(ServiceQuery query, string? defaultZone)
    {
        var instances = query.Filters ? Filter(query)
            : query.Shard is null ? All
            : OnShard(query.Shard);
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
        _serving, static instance => instance.Shard, (name, instances) => NewSet(instances, ScopeOf(name)))).Find(shard);

    // Before anything else is considered, so that what is left over is preferred and ejected as if there were no others.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? Filter(ServiceQuery query)
    {
        var left = _serving.Where(instance => (query.Shard is null || instance.Shard == query.Shard) && !query.LeavesOut(instance)).ToArray();
        return left.Length == 0 ? null : NewSet(left, query.Shard is null ? "" : ScopeOf(query.Shard));
    }

    private static string ScopeOf(string shard) => $"on shard={shard}";

    private InstanceSet NewSet(ServiceInstance[] instances, string scope) =>
        new(WithoutEjected(instances), _balancer, scope, _mayHaveWeights);

    // Where more than half have failed, the reason may well be on this side, and the others could not bear it all.
    private ServiceInstance[] WithoutEjected(ServiceInstance[] instances)
    {
        var places = _ejected
            .Select(instance => InstanceOrder.IndexOf(instances, instance.Id))
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
