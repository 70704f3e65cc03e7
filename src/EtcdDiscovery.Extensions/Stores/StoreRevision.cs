namespace EtcdDiscovery.Stores;

/// <summary>A point in the history of a store. Only meaningful within the cluster that it was read from.</summary>
/// <param name="Number">The revision (v3) or index (v2); it increases with every change.</param>
/// <param name="ClusterId">The cluster that the history belongs to; 0 if the store has no cluster ids.</param>
public readonly record struct StoreRevision(long Number, ulong ClusterId = 0);
