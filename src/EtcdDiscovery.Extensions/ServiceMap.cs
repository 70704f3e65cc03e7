using System.Collections;
using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>An immutable map of text to text, such as ports by scheme (<c>http</c> to <c>8080</c>) or metadata.</summary>
/// <remarks>
/// Keys are case-sensitive and ordered by their UTF-8 bytes, as in Go. Two maps with the same content are equal. Values from the store may
/// be any text, even the values of ports.
/// </remarks>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "Map is the term of Go and of the field.")]
public sealed class ServiceMap : IReadOnlyDictionary<string, string>, IEquatable<ServiceMap>
{
    private static readonly Comparer<KeyValuePair<string, string>> ByKey =
        Comparer<KeyValuePair<string, string>>.Create((a, b) => Utf8Order.Instance.Compare(a.Key, b.Key));

    private readonly KeyValuePair<string, string>[] _entries;

    /// <summary>Creates a map.</summary>
    /// <param name="entries">The entries in any order.</param>
    /// <exception cref="ArgumentException">A key occurs twice.</exception>
    public ServiceMap(IEnumerable<KeyValuePair<string, string>> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        _entries = [.. entries];
        Array.Sort(_entries, ByKey);
        for (var i = 1; i < _entries.Length; i++)
        {
            if (_entries[i].Key == _entries[i - 1].Key)
            {
                throw new ArgumentException($"Key '{LogSanitizer.Sanitize(_entries[i].Key)}' occurs twice.", nameof(entries));
            }
        }
    }

    /// <summary>The map without entries.</summary>
    public static ServiceMap Empty { get; } = new([]);

    /// <inheritdoc />
    public int Count => _entries.Length;

    /// <inheritdoc />
    public IEnumerable<string> Keys => _entries.Select(entry => entry.Key);

    /// <inheritdoc />
    public IEnumerable<string> Values => _entries.Select(entry => entry.Value);

    /// <inheritdoc />
    public string this[string key] =>
        TryGetValue(key, out var value) ? value : throw new KeyNotFoundException($"There is no key '{LogSanitizer.Sanitize(key)}'.");

    /// <inheritdoc />
    public bool ContainsKey(string key) => IndexOf(key) >= 0;

    /// <inheritdoc />
    public bool TryGetValue(string key, [MaybeNullWhen(false)] out string value)
    {
        var index = IndexOf(key);
        value = index >= 0 ? _entries[index].Value : null;
        return index >= 0;
    }

    /// <inheritdoc />
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => _entries.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc />
    public bool Equals(ServiceMap? other) => other is not null && _entries.AsSpan().SequenceEqual(other._entries);

    /// <inheritdoc />
    public override bool Equals(object? obj) => Equals(obj as ServiceMap);

    /// <inheritdoc />
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var (key, value) in _entries)
        {
            hash.Add(key, StringComparer.Ordinal);
            hash.Add(value, StringComparer.Ordinal);
        }

        return hash.ToHashCode();
    }

    /// <summary>Lists the entries, such as <c>http=80, https=443</c>.</summary>
    /// <returns>The entries in order.</returns>
    public override string ToString() => string.Join(", ", _entries.Select(entry => $"{entry.Key}={entry.Value}"));

    private int IndexOf(string key) => Array.BinarySearch(_entries, KeyValuePair.Create(key, ""), ByKey);
}
