namespace EtcdDiscovery.Stores;

/// <summary>A key and its value, as read from a store. Immutable.</summary>
/// <param name="key">The key.</param>
/// <param name="value">The value's bytes.</param>
/// <param name="revision">The number of the revision at which this value was put.</param>
public sealed class StoreEntry(string key, ReadOnlyMemory<byte> value, long revision)
{
    /// <summary>The key.</summary>
    public string Key { get; } = key;

    /// <summary>The value's bytes.</summary>
    public ReadOnlyMemory<byte> Value { get; } = value;

    /// <summary>The number of the revision at which this value was put; see <see cref="StorePut.ExpectedRevision"/>.</summary>
    public long Revision { get; } = revision;
}
