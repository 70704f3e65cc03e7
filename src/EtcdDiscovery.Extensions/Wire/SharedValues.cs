using System.Diagnostics.CodeAnalysis;

namespace EtcdDiscovery.Wire;

/// <summary>Replaces equal values by one object, because the instances of a service mostly have the same ports, credentials and zones.</summary>
/// <remarks>Keeps the latest values only. A value that returns later is kept in memory twice. Not thread-safe.</remarks>
internal sealed class SharedValues
{
    private const int Capacity = 64;

    private readonly HashSet<object> _values = [];

    /// <summary>Gets the object for a value.</summary>
    [return: NotNullIfNotNull(nameof(value))]
    public T? Share<T>(T? value)
        where T : class
    {
        if (value is null)
        {
            return null;
        }

        if (_values.TryGetValue(value, out var known))
        {
            return (T)known;
        }

        if (_values.Count == Capacity)
        {
            _values.Clear();
        }

        _values.Add(value);
        return value;
    }
}
