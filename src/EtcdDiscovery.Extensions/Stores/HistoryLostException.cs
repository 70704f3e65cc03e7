namespace EtcdDiscovery.Stores;

/// <summary>
/// A watch cannot continue from its revision: the store has compacted it, belongs to another cluster, or has returned to an earlier state.
/// The watcher has to read again, and find the missed changes by comparison.
/// </summary>
/// <remarks>
/// The only signal for a v3 compaction, a v2 "event index cleared" (401), a changed cluster id and a revision that went backwards.
/// </remarks>
public sealed class HistoryLostException : EtcdDiscoveryException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What happened to the history.</param>
    public HistoryLostException(string message)
        : base(message, isTransient: true)
    {
    }
}
