namespace EtcdDiscovery.Stores;

/// <summary>Receives the contents of the store, then its changes, from a <see cref="StoreFollower"/>. One call at a time.</summary>
internal interface IStoreObserver
{
    /// <summary>Everything in the ranges was read: at the start, at each refresh, and whenever history was lost.</summary>
    void OnRead(StoreContents contents);

    /// <summary>The store reported changes. An empty batch confirms that the watch is established.</summary>
    void OnBatch(StoreBatch batch);

    /// <summary>The store is unreachable, or history was lost. The follower retries.</summary>
    void OnFailure(EtcdDiscoveryException error);
}
