namespace EtcdDiscovery.Stores;

/// <summary>An entry to put.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value's bytes.</param>
public readonly record struct StorePut(string Key, ReadOnlyMemory<byte> Value)
{
    /// <summary>Whether the entry outlives the session that puts it.</summary>
    /// <value>The default is <see langword="false"/>: the entry vanishes with the session.</value>
    public bool IsDurable { get; init; }

    /// <summary>
    /// The condition: the <see cref="StoreEntry.Revision"/> that the key must still have, 0 when it must not exist.
    /// </summary>
    /// <value>The default is <see langword="null"/>: put unconditionally.</value>
    public long? ExpectedRevision { get; init; }
}
