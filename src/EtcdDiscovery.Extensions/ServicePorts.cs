using System.Collections;
using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Model;

namespace EtcdDiscovery;

/// <summary>The ports of a service or instance by scheme: an immutable map from <c>http</c> to <c>8080</c>.</summary>
/// <remarks>
/// Schemes are case-sensitive and in the order of their UTF-8 bytes, as Go writes them. Two maps with the same ports are
/// equal. Ports are text, as in the store; what is read from there may be anything.
/// </remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "The field's term is ports.")]
public sealed class ServicePorts : IReadOnlyDictionary<string, string>, IEquatable<ServicePorts>
{
    private static readonly Comparer<KeyValuePair<string, string>> ByScheme =
        Comparer<KeyValuePair<string, string>>.Create((a, b) => Utf8Order.Instance.Compare(a.Key, b.Key));

    private readonly KeyValuePair<string, string>[] _ports;

    /// <summary>Creates the map.</summary>
    /// <param name="ports">Port by scheme.</param>
    /// <exception cref="ArgumentException">A scheme occurs twice.</exception>
    public ServicePorts(IEnumerable<KeyValuePair<string, string>> ports)
    {
        ArgumentNullException.ThrowIfNull(ports);
        _ports = [.. ports];
        Array.Sort(_ports, ByScheme);
        for (var i = 1; i < _ports.Length; i++)
        {
            if (_ports[i].Key == _ports[i - 1].Key)
            {
                throw new ArgumentException($"Scheme '{_ports[i].Key}' occurs twice.", nameof(ports));
            }
        }
    }

    /// <summary>No port.</summary>
    public static ServicePorts Empty { get; } = new([]);

    /// <inheritdoc />
    public int Count => _ports.Length;

    /// <inheritdoc />
    public IEnumerable<string> Keys => _ports.Select(p => p.Key);

    /// <inheritdoc />
    public IEnumerable<string> Values => _ports.Select(p => p.Value);

    /// <inheritdoc />
    public string this[string key] =>
        TryGetValue(key, out var port) ? port : throw new KeyNotFoundException($"There is no port for scheme '{key}'.");

    /// <inheritdoc />
    public bool ContainsKey(string key) => IndexOf(key) >= 0;

    /// <inheritdoc />
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        var index = IndexOf(key);
        value = index >= 0 ? _ports[index].Value : null;
        return index >= 0;
    }

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _ports.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc />
    public bool Equals(ServicePorts? other) => other is not null && _ports.AsSpan().SequenceEqual(other._ports);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as ServicePorts);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (scheme, port) in _ports)
        {
            hash.Add(scheme, StringComparer.Ordinal);
            hash.Add(port, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    /// <summary>Lists the ports, such as <c>http=80, https=443</c>.</summary>
    /// <returns>The ports in order.</returns>
    public override string ToString() => string.Join(", ", _ports.Select(p => $"{p.Key}={p.Value}"));

    private int IndexOf(string scheme) => Array.BinarySearch(_ports, KeyValuePair.Create(scheme, ""), ByScheme);
}
