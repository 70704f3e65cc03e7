namespace EtcdDiscovery.Stores;

/// <summary>An entry to put. Immutable.</summary>
/// <param name="key">The key.</param>
/// <param name="value">The value's bytes.</param>
public sealed class StorePut(string key, ReadOnlyMemory<byte> value)
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;

    /// <summary>The value's bytes.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>Whether the entry outlives the session that puts it.</summary>
    /// <value>The default is <see langword="false"/>: the entry vanishes with the session.</value>
    public bool IsDurable { get; init; }

    /// <summary>
    /// The condition for the put: the <see cref="StoreEntry.Revision"/> that the key must still have; 0 if the key must not exist.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the put has no condition.</value>
    public long? ExpectedRevision { get; init; }
}
