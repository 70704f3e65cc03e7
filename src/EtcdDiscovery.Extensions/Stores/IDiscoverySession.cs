namespace EtcdDiscovery.Stores;

/// <summary>A session in a store: a lease in v3, keys with a time to live in v2, a token in memory.</summary>
/// <remarks>
/// <para>Safe for concurrent use. Disposing it lets go of local resources only: what is in the store expires.</para>
/// <para>
/// Renewing and putting what is not durable throw <see cref="SessionLostException"/> when the session does not exist in
/// the store any more.
/// </para>
/// </remarks>
public interface IDiscoverySession : IAsyncDisposable
{
    /// <summary>The time to live that the server granted.</summary>
    TimeSpan TimeToLive { get; }

    /// <summary>Renews the session for another <see cref="TimeToLive"/>, once.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that completes when the server has confirmed.</returns>
    Task RenewAsync(CancellationToken cancellationToken);

    /// <summary>Puts entries, atomically where the protocol can, else in the order given.</summary>
    /// <param name="puts">What to put, and under which conditions.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The revision of the puts, or <see langword="null"/> when a condition did not hold and nothing was put.</returns>
    Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken);

    /// <summary>Deletes entries, atomically where the protocol can. Absent keys are no error.</summary>
    /// <param name="keys">What to delete.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that completes when the keys are gone.</returns>
    Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken);

    /// <summary>Ends the session in the store: every entry under it is gone when the task completes.</summary>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>A task that completes when the session is gone; a session that was lost already is no error.</returns>
    Task CloseAsync(CancellationToken cancellationToken);
}
