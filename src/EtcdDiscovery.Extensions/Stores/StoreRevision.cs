namespace EtcdDiscovery.Stores;

/// <summary>A point in the history of a store. It means something only within the cluster that it was read from.</summary>
/// <param name="Number">The revision (v3) or index (v2); it rises with every change.</param>
/// <param name="ClusterId">The cluster whose history it is; 0 where the store has no such notion.</param>
public readonly record struct StoreRevision(long Number, ulong ClusterId = 0);
