namespace EtcdDiscovery.Stores;

/// <summary>A point in the history of a store. Meaningful only within the cluster from which it was read.</summary>
/// <param name="Number">The revision (v3) or index (v2); it increases with every change.</param>
/// <param name="ClusterId">The cluster that the history belongs to; 0 if the store has no cluster ids.</param>
public readonly record struct StoreRevision(long Number, ulong ClusterId = 0);
