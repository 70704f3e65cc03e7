namespace EtcdDiscovery.Transport;

/// <summary>
/// Determines how long to wait for the response to a renewal, so that an unresponsive endpoint is left while there is still time to try
/// another one.
/// </summary>
/// <remarks>Used for one renewal at a time.</remarks>
internal sealed class RenewalTimeout(TimeSpan requestTimeout, TimeSpan timeToLive, int endpoints, TimeSpan firstLatency)
{
    private readonly TimeSpan _least = LeastOf(requestTimeout, timeToLive);
    private TimeSpan _lastLatency = firstLatency;
    private bool _hasFailed;

    // If there is another endpoint, an unresponsive one must be left early, even if it was slow before. If there is no other endpoint, or
    // the other one does not answer quickly either, etcd is probably slow rather than unresponsive.
    public TimeSpan Current => (endpoints > 1 && !_hasFailed) || _lastLatency * 2 < _least ? _least : _lastLatency * 2;

    /// <summary>How long to wait for an endpoint if there is another one.</summary>
    public static TimeSpan LeastOf(TimeSpan requestTimeout, TimeSpan timeToLive) =>
        TimeSpan.FromTicks(Math.Min(requestTimeout.Ticks, timeToLive.Ticks / 5));

    public void OnAnswered(TimeSpan latency)
    {
        _lastLatency = latency;
        _hasFailed = false;
    }

    public void OnFailed() => _hasFailed = true;
}
