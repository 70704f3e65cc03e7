namespace EtcdDiscovery.Stores;

/// <summary>What a store held at one revision.</summary>
/// <param name="Revision">The revision that the entries were read at; watching after it misses nothing.</param>
/// <param name="Entries">The entries in the order of their keys' UTF-8 bytes.</param>
public sealed record StoreContents(StoreRevision Revision, IReadOnlyList<StoreEntry> Entries);
