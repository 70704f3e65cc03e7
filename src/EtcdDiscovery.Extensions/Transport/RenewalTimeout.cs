namespace EtcdDiscovery.Transport;

/// <summary>How long to wait for the answer to a renewal, so that a silent endpoint is left while there is time for another one.</summary>
/// <remarks>One renewal at a time.</remarks>
internal sealed class RenewalTimeout(TimeSpan requestTimeout, TimeSpan timeToLive, int endpoints, TimeSpan firstLatency)
{
    private readonly TimeSpan _least = LeastOf(requestTimeout, timeToLive);
    private TimeSpan _lastLatency = firstLatency;
    private bool _hasFailed;

    // A silent endpoint has to be given up while there is time to renew with another one, however slow it was before. When
    // there is no other one, or the other one does not answer at once either, etcd is slow rather than silent.
    public TimeSpan Current => (endpoints > 1 && !_hasFailed) || _lastLatency * 2 < _least ? _least : _lastLatency * 2;

    /// <summary>How long to wait for an endpoint that may be silent, while there is another one.</summary>
    public static TimeSpan LeastOf(TimeSpan requestTimeout, TimeSpan timeToLive) =>
        TimeSpan.FromTicks(Math.Min(requestTimeout.Ticks, timeToLive.Ticks / 5));

    public void OnAnswered(TimeSpan latency)
    {
        _lastLatency = latency;
        _hasFailed = false;
    }

    public void OnFailed() => _hasFailed = true;
}
