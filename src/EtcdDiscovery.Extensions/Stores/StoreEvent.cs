namespace EtcdDiscovery;

/// <summary>One change: a key was put or is gone.</summary>
/// <param name="Key">The key.</param>
/// <param name="Value">The new value, or <see langword="null"/> when the key was deleted or expired.</param>
/// <param name="Revision">The number of the revision that changed it.</param>
public readonly record struct StoreEvent(string Key, ReadOnlyMemory<byte>? Value, long Revision);
