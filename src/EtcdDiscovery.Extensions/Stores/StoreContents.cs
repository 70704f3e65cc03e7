namespace EtcdDiscovery.Stores;

/// <summary>The contents of some ranges of a store at one revision. Immutable.</summary>
/// <param name="revision">The revision at which the entries were read. A watch that starts after it misses nothing.</param>
/// <param name="entries">The entries in the order of their keys' UTF-8 bytes.</param>
public sealed class StoreContents(StoreRevision revision, IReadOnlyList<StoreEntry> entries)
{
    /// <summary>The revision at which the entries were read. A watch that starts after it misses nothing.</summary>
    public StoreRevision Revision { get; } = revision;

    /// <summary>The entries in the order of their keys' UTF-8 bytes.</summary>
    public IReadOnlyList<StoreEntry> Entries { get; } = entries;
}
