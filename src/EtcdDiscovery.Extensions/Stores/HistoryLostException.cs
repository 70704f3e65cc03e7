namespace EtcdDiscovery.Stores;

/// <summary>
/// A watch cannot go on from its revision: the store compacted it away, is another cluster, or went back in time. The
/// watcher has to read again; what it missed is found by comparing.
/// </summary>
/// <remarks>
/// The one signal for a v3 compaction, a v2 "event index cleared" (401), a changed cluster id and a revision that went
/// backwards.
/// </remarks>
public sealed class HistoryLostException : EtcdDiscoveryException
{
    /// <summary>Creates the signal.</summary>
    /// <param name="message">What happened to the history.</param>
    public HistoryLostException(string message)
        : base(message, isTransient: true)
    {
    }
}
