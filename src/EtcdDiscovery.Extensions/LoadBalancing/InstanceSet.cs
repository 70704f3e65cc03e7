using System.Collections;
using System.Runtime.CompilerServices;
using EtcdDiscovery.LoadBalancing;

namespace EtcdDiscovery;

/// <summary>What an <see cref="IInstancePicker"/> picks from: instances of one service that take requests and are not ejected.</summary>
/// <remarks>Never empty, in the order of the keys. The instances never change; how busy they are does. Safe for concurrent use.</remarks>
public sealed class InstanceSet : IReadOnlyList<ServiceInstance>
{
    private readonly ServiceInstance[] _instances;
    private readonly BalancerState _balancer;
    private readonly OutstandingCounts _outstanding;
    private readonly string _scope;
    private bool _hasEqualWeights;

    // Made when first asked for. Two who ask at once may make one twice, and both are right.
    private volatile WeightTable? _weights;
    private volatile RoundRobinCounter? _turns;
    private volatile int[]? _slotsFromOne;
    private volatile InstanceGroups? _byShard;
    private volatile InstanceGroups? _byZone;

    /// <summary>Creates a set, for tests of a picker.</summary>
    /// <param name="instances">The instances.</param>
    /// <param name="outstanding">How many calls to each of them are outstanding, in the same order; by default none.</param>
    /// <exception cref="ArgumentException">There are no instances, or not as many numbers as instances.</exception>
    public InstanceSet(IEnumerable<ServiceInstance> instances, IEnumerable<int>? outstanding = null)
        : this([.. instances], new BalancerState(TimeProvider.System), "", mayHaveWeights: true)
    {
        if (_instances.Length == 0)
        {
            throw new ArgumentException("A set to pick from has at least one instance.", nameof(instances));
        }

        int[] counts = outstanding is null ? [] : [.. outstanding];
        if (outstanding is not null && counts.Length != _instances.Length)
        {
            throw new ArgumentException($"There are {counts.Length} numbers for {_instances.Length} instances.", nameof(outstanding));
        }

        for (var i = 0; i < counts.Length; i++)
        {
            _outstanding[SlotOf(i)] = counts[i];
        }
    }

    internal InstanceSet(ServiceInstance[] instances, BalancerState balancer, string scope, bool mayHaveWeights)
    {
        _instances = instances;
        _balancer = balancer;
        _outstanding = balancer.Outstanding;
        _scope = scope;
        _hasEqualWeights = !mayHaveWeights;
    }

    /// <summary>How many instances there are; at least one.</summary>
    public int Count => _instances.Length;

    /// <summary>Whether all instances have the same <see cref="ServiceInstance.Weight"/>.</summary>
    public bool HasEqualWeights => _hasEqualWeights || (_weights is null && Weigh());

    /// <summary>Whose share a point is, when the weights differ.</summary>
    internal WeightTable Weights => _weights!;

    /// <summary>Whose turn it is. Goes on when the instances change, apart for each shard and zone.</summary>
    internal RoundRobinCounter Turns => _turns ??= _balancer.RoundRobinFor(_scope);

    /// <summary>Gets an instance.</summary>
    /// <param name="index">Its place, from 0.</param>
    public ServiceInstance this[int index] => _instances[index];

    /// <summary>How many calls to an instance have been started with <see cref="IServiceResolver.StartCall"/> and have not ended.</summary>
    /// <param name="index">The instance's place, from 0.</param>
    /// <returns>The number at this moment.</returns>
    public int GetOutstanding(int index) => Volatile.Read(ref _outstanding[SlotOf(index)]);

    /// <inheritdoc />
    public IEnumerator<ServiceInstance> GetEnumerator() => _instances.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Those on a shard; all when none is.</summary>
    internal InstanceSet PreferShard(string shard) =>
        (_byShard ??= GroupBy("shard", static instance => instance.Shard)).Find(shard) ?? this;

    /// <summary>Those in a zone; all when none is.</summary>
    internal InstanceSet PreferZone(string zone) =>
        (_byZone ??= GroupBy("zone", static instance => instance.Zone)).Find(zone) ?? this;

    private InstanceGroups GroupBy(string what, Func<ServiceInstance, string?> key) => new(
        _instances, key, (value, instances) => new(instances, _balancer, $"{_scope} {what}={value}", !_hasEqualWeights));

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Weigh()
    {
        _weights = WeightTable.Create(_instances);
        _hasEqualWeights = _weights is null;
        return _hasEqualWeights;
    }

    private int SlotOf(int index) => (_slotsFromOne ?? NewSlots())[index] is > 0 and var known ? known - 1 : FindSlot(index);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int[] NewSlots() => Interlocked.CompareExchange(ref _slotsFromOne, new int[_instances.Length], null) ?? _slotsFromOne;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int FindSlot(int index)
    {
        var slot = _balancer.SlotFor(_instances[index].Id);
        _slotsFromOne![index] = slot + 1;
        return slot;
    }
}
