namespace EtcdDiscovery.Stores.InMemory;

/// <summary>A value, its revision, and the session that it expires with.</summary>
internal sealed record InMemoryEntry(ReadOnlyMemory<byte> Value, long Revision, InMemorySession? Owner);
