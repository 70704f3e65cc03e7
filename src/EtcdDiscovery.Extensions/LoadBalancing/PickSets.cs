using System.Runtime.CompilerServices;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>The sets to pick from, for one view of a service and its current ejections. Immutable.</summary>
/// <remarks>Methods that run once per view are not inlined, to keep the JIT compiler's inlining budget for the hot path.</remarks>
internal sealed class PickSets
{
    private readonly InstanceList _serving;
    private readonly IReadOnlyList<ServiceInstance> _ejected;
    private readonly bool _mayHaveWeights;
    private readonly BalancerState _balancer;
    private volatile InstanceGroups? _byShard;

    /// <param name="serving">The instances that take requests, in order.</param>
    /// <param name="mayHaveWeights">False if all instances are known to have the weight 1.</param>
    /// <param name="ejected">The ejected instances, the oldest ejection first. They are left out if possible.</param>
    /// <param name="balancer">The state that outlives views.</param>
    public PickSets(
        InstanceList serving, bool mayHaveWeights, IReadOnlyList<ServiceInstance> ejected, BalancerState balancer)
    {
        _serving = serving;
        _mayHaveWeights = mayHaveWeights;
        _ejected = ejected;
        _balancer = balancer;
        All = serving.Count == 0 ? null : NewSet(serving, "");
    }

    /// <summary>The set for a query without conditions; null if there is no instance.</summary>
    public InstanceSet? All { get; }

    /// <summary>Gets the set for a query; null if no instance matches.</summary>
    /// <param name="query">The query.</param>
    /// <param name="defaultZone">The zone to prefer if the query has none.</param>
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

    // The limit of ejections applies to each shard separately.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? OnShard(string shard) => (_byShard ??= new(
        _serving, static instance => instance.Shard, (name, instances) => NewSet(instances, ScopeOf(name)))).Find(shard);

    // Filters first, so that ejections and preferences apply to the matching instances only.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private InstanceSet? Filter(ServiceQuery query)
    {
        var left = _serving.Where(instance => (query.Shard is null || instance.Shard == query.Shard) && !query.LeavesOut(instance)).ToArray();
        return left.Length == 0 ? null : NewSet(InstanceList.Of(left), query.Shard is null ? "" : ScopeOf(query.Shard));
    }

    private static string ScopeOf(string shard) => $"on shard={shard}";

    private InstanceSet NewSet(InstanceList instances, string scope) =>
        new(WithoutEjected(instances), _balancer, scope, _mayHaveWeights);

    // Leaves out at most half. If more instances fail, the cause may be on the caller's side, and the rest could not carry the load.
    private InstanceList WithoutEjected(InstanceList instances)
    {
        if (_ejected.Count == 0)
        {
            return instances;
        }

        var left = _ejected.Where(instance => instances.Find(instance.Id) is not null).Take(instances.Count / 2).Select(instance => instance.Id);
        return instances.With([.. left.Order(Utf8Order.Instance).Select(id => (id, (ServiceInstance?)null))]);
    }
}
