using System.Collections;
using System.Runtime.CompilerServices;
using EtcdDiscovery.LoadBalancing;

namespace EtcdDiscovery;

/// <summary>
/// The instances that an <see cref="IInstancePicker"/> picks from: those of one service that take requests and are not ejected.
/// </summary>
/// <remarks>
/// Never empty, ordered by key. The instances never change; the numbers of outstanding calls do. Safe for concurrent use.
/// </remarks>
public sealed class InstanceSet : IReadOnlyList<ServiceInstance>
{
    private readonly InstanceList _instances;
    private readonly BalancerState _balancer;
    private readonly OutstandingCounts _outstanding;
    private readonly string _scope;
    private bool _hasEqualWeights;

    // Created lazily. A race may create one twice, with the same result.
    private volatile WeightTable? _weights;
    private volatile RoundRobinCounter? _turns;
    private volatile int[]? _slotsFromOne;
    private volatile InstanceGroups? _byShard;
    private volatile InstanceGroups? _byZone;

    /// <summary>Creates a set, for use in tests of a picker.</summary>
    /// <param name="instances">The instances.</param>
    /// <param name="outstanding">How many calls to each of them are outstanding, in the same order; by default none.</param>
    /// <exception cref="ArgumentException">There are no instances, or the numbers of instances and calls differ.</exception>
    public InstanceSet(IEnumerable<ServiceInstance> instances, IEnumerable<int>? outstanding = null)
        : this(InstanceList.Of([.. instances]), new BalancerState(TimeProvider.System), "", mayHaveWeights: true)
    {
        if (_instances.Count == 0)
        {
            throw new ArgumentException("A set must have at least one instance.", nameof(instances));
        }

        int[] counts = outstanding is null ? [] : [.. outstanding];
        if (outstanding is not null && counts.Length != _instances.Count)
        {
            throw new ArgumentException($"There are {counts.Length} numbers of outstanding calls, but {_instances.Count} instances.", nameof(outstanding));
        }

        for (var i = 0; i < counts.Length; i++)
        {
            _outstanding[SlotOf(i)] = counts[i];
        }
    }

    internal InstanceSet(InstanceList instances, BalancerState balancer, string scope, bool mayHaveWeights)
    {
        _instances = instances;
        _balancer = balancer;
        _outstanding = balancer.Outstanding;
        _scope = scope;
        _hasEqualWeights = !mayHaveWeights;
    }

    /// <summary>The number of instances; at least one.</summary>
    public int Count => _instances.Count;

    /// <summary>Whether all instances have the same <see cref="ServiceInstance.Weight"/>.</summary>
    public bool HasEqualWeights => _hasEqualWeights || (_weights is null && Weigh());

    /// <summary>The table for picks by weight. Valid only if the weights differ.</summary>
    internal WeightTable Weights => _weights!;

    /// <summary>The round-robin counter. It continues when the instances change, and is separate for each shard and zone.</summary>
    internal RoundRobinCounter Turns => _turns ??= _balancer.RoundRobinFor(_scope);

    /// <summary>Gets an instance.</summary>
    /// <param name="index">Its zero-based index.</param>
    public ServiceInstance this[int index] => _instances[index];

    /// <summary>How many calls to an instance have been started with <see cref="IServiceResolver.StartCall"/> and have not ended.</summary>
    /// <param name="index">The zero-based index of the instance.</param>
    /// <returns>The number at this moment.</returns>
    public int GetOutstanding(int index) => Volatile.Read(ref _outstanding[SlotOf(index)]);

    /// <inheritdoc />
    public IEnumerator<ServiceInstance> GetEnumerator() => _instances.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Gets the instances on a shard; all if there are none.</summary>
    internal InstanceSet PreferShard(string shard) =>
        (_byShard ??= GroupBy("shard", static instance => instance.Shard)).Find(shard) ?? this;

    /// <summary>Gets the instances in a zone; all if there are none.</summary>
    internal InstanceSet PreferZone(string zone) =>
        (_byZone ??= GroupBy("zone", static instance => instance.Zone)).Find(zone) ?? this;

    private InstanceGroups GroupBy(string kind, Func<ServiceInstance, string?> key) => new(
        _instances, key, (value, instances) => new(instances, _balancer, $"{_scope} {kind}={value}", !_hasEqualWeights));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Weigh()
    {
        _weights = WeightTable.Create(_instances);
        _hasEqualWeights = _weights is null;
        return _hasEqualWeights;
    }

    private int SlotOf(int index) => (_slotsFromOne ?? NewSlots())[index] is > 0 and var known ? known - 1 : FindSlot(index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int[] NewSlots() => Interlocked.CompareExchange(ref _slotsFromOne, new int[_instances.Count], null) ?? _slotsFromOne;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindSlot(int index)
    {
        var slot = _balancer.SlotFor(_instances[index].Id);
        _slotsFromOne![index] = slot + 1;
        return slot;
    }
}
