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
    /// <value>
    /// The default is <see cref="StoreCapabilities.None"/>. A decorator returns the capabilities of the store that it decorates.
    /// </value>
    StoreCapabilities Capabilities => StoreCapabilities.None;

    /// <summary>Opens a session. Entries that are put under a session vanish when the session ends.</summary>
    /// <param name="timeToLive">How long the session outlives its last renewal. The server may grant a different time.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>The session, which the caller has to renew.</returns>
    Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>
    /// Reads all entries in some ranges, regardless of their number. The read is linearizable: it sees every write that was confirmed
    /// before it began.
    /// </summary>
    /// <param name="ranges">The ranges to read.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    /// <returns>
    /// The entries in the order of their keys' UTF-8 bytes, and the revision to watch from. If the protocol reads ranges one by one, that
    /// is the earliest of their revisions, and a watch may repeat changes that the read already contained.
    /// </returns>
    Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken);

    /// <summary>Watches some ranges, starting after a revision, without gaps or repeated changes.</summary>
    /// <param name="ranges">The ranges to watch.</param>
    /// <param name="after">The revision of a read or batch that the caller has already seen.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// First an empty batch, as soon as the watch is established, then the changes of each range in the order of their revisions. All
    /// ranges have reached the revision of a batch, and some may be ahead of it, so a watch that resumes from it may repeat changes. A
    /// store should confirm every few seconds, with an empty batch, that it is still reachable: this confirms that cached snapshots are
    /// current. The enumeration ends only with an exception: a <see cref="HistoryLostException"/> if the caller has to read everything
    /// again, or any other <see cref="EtcdDiscoveryException"/> if the caller may watch again from the last revision that it has seen.
    /// </returns>
    IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken);
}
