namespace EtcdDiscovery.Stores;

/// <summary>
/// The key-value store that services are registered in. Its callers are protocol-agnostic.
/// </summary>
/// <remarks>
/// <para>Implementations are safe for concurrent use, and every call ends soon after its token is cancelled.</para>
/// <para>
/// Failures are <see cref="EtcdDiscoveryException"/> with an honest <see cref="EtcdDiscoveryException.IsTransient"/>.
/// What may have reached the server is not retried inside; callers own the backoff. A call after a failed one may use
/// another endpoint.
/// </para>
/// </remarks>
public interface IDiscoveryStore : IAsyncDisposable
{
    /// <summary>Where the store looks, for logs and health reports. Never contains a secret.</summary>
    IReadOnlyList<string> Endpoints { get; }

    /// <summary>What the store does beyond what every store must do. Never changes.</summary>
    /// <value>The default is <see cref="StoreCapabilities.None"/>. A decorator returns those of the store that it decorates.</value>
    StoreCapabilities Capabilities => StoreCapabilities.None;

    /// <summary>Opens a session; entries put under it vanish with it.</summary>
    /// <param name="timeToLive">How long the session outlives its last renewal. The server may grant another time.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>The session; renewing it is up to the caller.</returns>
    Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken);

    /// <summary>Reads every entry in some ranges, however many there are. The read is linearizable: it sees every write that was confirmed before it began.</summary>
    /// <param name="ranges">What to read.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <returns>
    /// The entries in the order of their keys' UTF-8 bytes, and the revision to watch from. Where the protocol reads ranges
    /// one by one, it is the earliest of theirs, and watching may then repeat changes that were read already.
    /// </returns>
    Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken);

    /// <summary>Follows the changes in some ranges from a revision on, without gap or repeat.</summary>
    /// <param name="ranges">What to watch.</param>
    /// <param name="after">The revision of a read or batch that the caller has seen already.</param>
    /// <param name="cancellationToken">Ends the enumeration with an <see cref="OperationCanceledException"/>.</param>
    /// <returns>
    /// First an empty batch, as soon as the watch stands, then the changes of each range in the order of their revisions.
    /// A batch's revision is what all ranges have reached, so resuming from it may repeat changes of some of them. A store
    /// that reports every few seconds, by an empty batch, that it is still in reach makes readers' knowledge younger. The
    /// enumeration never ends by itself but with an exception:
    /// <see cref="HistoryLostException"/> when the caller has to read again, any other
    /// <see cref="EtcdDiscoveryException"/> when it may watch again from the last revision it saw.
    /// </returns>
    IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken);
}
