namespace EtcdDiscovery.Stores.InMemory;

/// <summary>A value, who put it, and when.</summary>
internal sealed record InMemoryEntry(ReadOnlyMemory<byte> Value, long Revision, InMemorySession? Owner);
