namespace EtcdDiscovery.Stores;

/// <summary>
/// The key-value store that services are registered in. Its callers are protocol-agnostic.
/// </summary>
/// <remarks>
/// <para>Implementations are safe for concurrent use, and every call ends soon after its token is cancelled.</para>
/// <para>
/// Failures are <see cref="EtcdDiscoveryException"/> with an accurate <see cref="EtcdDiscoveryException.IsTransient"/>. Implementations do
/// not retry requests that may have reached the server; callers are responsible for backoff. A call after a failed one may use another
/// endpoint.
/// </para>
/// </remarks>
public interface IDiscoveryStore : IAsyncDisposable
{
    /// <summary>The endpoints of the store, for logs and health reports. Never contains secrets.</summary>
    IReadOnlyList<string> Endpoints { get; }

    /// <summary>The optional capabilities of the store. Never changes.</summary>
    /// <value>The default is <see cref="StoreCapabilities.None"/>. A decorator returns those of the store that it decorates.</value>
    StoreCapabilities Capabilities => StoreCapabilities.None;

    /// <summary>Opens a session; entries put under it vanish with it.</summary>
    /// <param name="timeToLive">How long the session outlives its last renewal. The server may grant another time.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The session; the caller has to renew it.</returns>
    Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>
    /// Reads all entries in some ranges, regardless of their number. The read is linearizable: it sees every write that was confirmed
    /// before it began.
    /// </summary>
    /// <param name="ranges">The ranges to read.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// The entries in the order of their keys' UTF-8 bytes, and the revision to watch from. If the protocol reads ranges one by one, it is
    /// the earliest of their revisions, and a watch may repeat changes that the read contained.
    /// </returns>
    Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken);

    /// <summary>Watches some ranges from a revision on, without gaps or repeated changes.</summary>
    /// <param name="ranges">The ranges to watch.</param>
    /// <param name="after">The revision of a read or batch that the caller has seen already.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// First an empty batch, as soon as the watch is established, then the changes of each range in the order of their revisions. A batch's
    /// revision has been reached by all ranges, so resuming from it may repeat changes of some of them. A store should report every few
    /// seconds, by an empty batch, that it is still reachable: this confirms cached snapshots. The enumeration ends only with an exception:
    /// <see cref="HistoryLostException"/> if the caller has to read again, any other <see cref="EtcdDiscoveryException"/> if it may watch
    /// again from the last revision that it has seen.
    /// </returns>
    IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken);
}
