namespace EtcdDiscovery.Stores;

/// <summary>A key and its value, as read.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The value's bytes.</param>
/// <param name="Revision">The number of the revision that put this value; see <see cref="StorePut.ExpectedRevision"/>.</param>
public readonly record struct StoreEntry(string Key, ReadOnlyMemory<byte> Value, long Revision);
