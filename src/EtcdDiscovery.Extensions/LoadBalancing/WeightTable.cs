using System.Numerics;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>
/// Assigns each instance a share of the range of <see cref="uint"/> in proportion to its weight, and finds the instance for a point.
/// </summary>
/// <remarks>Immutable. A search takes two steps on average, regardless of the weights and the number of instances.</remarks>
internal sealed class WeightTable
{
    // Any writer of the registry can publish an instance, so a large weight must not attract all requests.
    private const double MaxRatioToMedian = 100;

    private readonly uint[] _lasts;
    private readonly int[] _owners;
    private readonly int _shift;

    private WeightTable(uint[] lasts)
    {
        // Divides the range into at least as many sections as shares. Each section stores the owner of its first point, where the search
        // starts.
        var bits = BitOperations.Log2((uint)lasts.Length - 1) + 1;
        _lasts = lasts;
        _owners = new int[1 << bits];
        _shift = 32 - bits;
        var owner = 0;
        for (var section = 0u; section < _owners.Length; section++)
        {
            while (lasts[owner] < section << _shift)
            {
                owner++;
            }

            _owners[section] = owner;
        }
    }

    /// <summary>Creates the table of some instances; null if all have the same weight.</summary>
    public static WeightTable? Create(IReadOnlyList<ServiceInstance> instances)
    {
        var weights = new double[instances.Count];
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = WeightOf(instances[i]);
        }

        return weights.AsSpan().ContainsAnyExcept(weights[0]) ? new WeightTable(Share(weights)) : null;
    }

    /// <summary>The weight to calculate with. An invalid weight counts as 1, as it does when entries are decoded.</summary>
    public static double WeightOf(ServiceInstance instance) =>
        instance.Weight is > 0 and < double.PositiveInfinity ? instance.Weight : 1;

    public int Find(uint point)
    {
        var owner = _owners[point >> _shift];
        while (_lasts[owner] < point)
        {
            owner++;
        }

        return owner;
    }

    /// <summary>The size of a share.</summary>
    public long ShareOf(int owner) => 1L + _lasts[owner] - (owner == 0 ? 0 : _lasts[owner - 1]);

    private static uint[] Share(double[] weights)
    {
        // Relative to the heaviest, so that the sum of the weights cannot overflow.
        var sorted = weights.Order().ToArray();
        var heaviest = Math.Min(sorted[^1], MaxRatioToMedian * sorted[(sorted.Length - 1) / 2]);
        double total = 0, sum = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            weights[i] = Math.Min(weights[i], heaviest) / heaviest;
            total += weights[i];
        }

        var lasts = new uint[weights.Length];
        for (var i = 0; i < lasts.Length; i++)
        {
            sum += weights[i];
            lasts[i] = (uint)Math.Clamp((sum / total * (1L << 32)) - 1, 0, uint.MaxValue);
        }

        lasts[^1] = uint.MaxValue;
        return lasts;
    }
}
