namespace EtcdDiscovery.Stores;

/// <summary>Changes that became visible together.</summary>
/// <param name="Revision">The revision that the watcher has seen after applying the batch.</param>
/// <param name="Events">The changes in order; empty when the store only reports that it has got this far.</param>
public sealed record StoreBatch(StoreRevision Revision, IReadOnlyList<StoreEvent> Events);
