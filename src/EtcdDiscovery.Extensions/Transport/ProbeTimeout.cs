namespace EtcdDiscovery.Transport;

/// <summary>Determines how long an endpoint may take to answer a probe before it is left. Thread-safe.</summary>
/// <remarks>
/// Members answer probes from memory, so a second is plenty, even between continents. If probes take longer, or several fail in a row, the
/// timeout grows, so that a slow network does not make a process switch endpoints again and again.
/// </remarks>
/// <param name="requestTimeout">The maximum timeout. Always used if there is only one endpoint.</param>
/// <param name="endpoints">The number of endpoints.</param>
internal sealed class ProbeTimeout(TimeSpan requestTimeout, int endpoints)
{
    /// <summary>How long an endpoint may be silent before it is probed.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private readonly Lock _sync = new();
    private TimeSpan _current = Least;
    private bool _hasFailed;

    public TimeSpan Current
    {
        get
        {
            lock (_sync)
            {
                return endpoints == 1 || _current > requestTimeout ? requestTimeout : _current;
            }
        }
    }

    public void OnAnswered(TimeSpan latency)
    {
        lock (_sync)
        {
            _hasFailed = false;
            _current = latency * 5 > Least ? latency * 5 : Least;
        }
    }

    public void OnFailed()
    {
        lock (_sync)
        {
            // The first failure may be due to a single member.
            _current = _hasFailed && _current < requestTimeout ? _current * 2 : _current;
            _hasFailed = true;
        }
    }
}
