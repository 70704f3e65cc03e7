namespace EtcdDiscovery.Stores;

/// <summary>
/// A watch cannot continue from its revision: the store has compacted it, belongs to another cluster, or has returned to an earlier state.
/// The watcher has to read everything again, and find the missed changes by comparison.
/// </summary>
/// <remarks>
/// Stores throw it for a compaction (v3), for "event index cleared" (401, v2), for a changed cluster id, and for a revision that went
/// backwards.
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
