namespace EtcdDiscovery.Stores;

/// <summary>Receives the contents of the store, then its changes, from a <see cref="StoreFollower"/>. One call at a time.</summary>
internal interface IStoreObserver
{
    /// <summary>Everything in the ranges was read: at the start, at each refresh, and whenever history was lost.</summary>
    void OnRead(StoreContents contents);

    /// <summary>Changes happened; without any, the watch stands.</summary>
    void OnBatch(StoreBatch batch);

    /// <summary>The store is out of reach, or history was lost; it is tried again.</summary>
    void OnFailure(EtcdDiscoveryException error);
}
