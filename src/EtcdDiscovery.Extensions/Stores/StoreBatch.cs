namespace EtcdDiscovery.Stores;

/// <summary>Changes that became visible together. Immutable.</summary>
/// <param name="revision">The revision that the watcher has reached after applying the batch.</param>
/// <param name="events">The changes in order; empty if the store only confirms that it has reached the revision.</param>
public sealed class StoreBatch(StoreRevision revision, IReadOnlyList<StoreEvent> events)
{
    /// <summary>The revision that the watcher has reached after applying the batch.</summary>
    public StoreRevision Revision { get; } = revision;

    /// <summary>The changes in order; empty if the store only confirms that it has reached the revision.</summary>
    public IReadOnlyList<StoreEvent> Events { get; } = events;
}
