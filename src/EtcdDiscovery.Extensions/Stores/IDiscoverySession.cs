namespace EtcdDiscovery.Stores;

/// <summary>A session in a store: a lease in etcd v3, keys with a time to live in etcd v2, or an object in memory.</summary>
/// <remarks>
/// <para>
/// Safe for concurrent use. Disposing a session releases local resources only: its entries stay in the store until they expire.
/// </para>
/// <para>
/// If the session no longer exists in the store, renewing it, or putting entries that are not durable, throws
/// <see cref="SessionLostException"/>.
/// </para>
/// </remarks>
public interface IDiscoverySession : IAsyncDisposable
{
    /// <summary>The time to live that the server granted.</summary>
    TimeSpan TimeToLive { get; }

    /// <summary>Renews the session once, for another <see cref="TimeToLive"/>.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>A task that completes when the server has confirmed the renewal.</returns>
    Task RenewAsync(CancellationToken cancellationToken);

    /// <summary>Puts entries: atomically if the protocol supports that, otherwise in the given order.</summary>
    /// <param name="puts">The entries to put, with their conditions.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The revision of the puts, or <see langword="null"/> if a condition did not hold and nothing was put.</returns>
    Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken);

    /// <summary>Deletes entries, atomically if the protocol supports that. Absent keys are not an error.</summary>
    /// <param name="keys">The keys to delete.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>A task that completes when the keys are gone.</returns>
    Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken);

    /// <summary>Ends the session in the store. When the task completes, all entries of the session are gone.</summary>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>A task that completes when the session is gone. A session that is already lost is not an error.</returns>
    Task CloseAsync(CancellationToken cancellationToken);
}
