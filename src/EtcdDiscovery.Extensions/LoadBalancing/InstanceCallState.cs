namespace EtcdDiscovery.LoadBalancing;

/// <summary>Tracks the outstanding calls to one instance and its health.</summary>
/// <param name="id">The instance's id.</param>
/// <param name="counts">The counters of outstanding calls.</param>
/// <param name="slot">The instance's slot in the counters.</param>
internal sealed class InstanceCallState(string id, OutstandingCounts counts, int slot)
{
    private static readonly InstanceHealth Healthy = InstanceHealth.AfterSuccess();

    private volatile bool _isWell;

    public string Id => id;

    public int Slot => slot;

    /// <summary>
    /// The version of the instances in which this one was last found. Caches the search, which would cost more than the rest of starting a
    /// call.
    /// </summary>
    public int PresentAt { get; set; } = -1;

    /// <summary>The number of calls that have started and not ended.</summary>
    public int Outstanding => Volatile.Read(ref counts[slot]);

    /// <summary>Whether another success would change nothing. Read without a lock.</summary>
    public bool IsWell => _isWell;

    /// <summary>Read and written under the balancer's lock.</summary>
    public InstanceHealth Health
    {
        get;
        set
        {
            field = value;
            _isWell = value == Healthy;
        }
    }

    public void Start() => Interlocked.Increment(ref counts[slot]);

    public void End() => Interlocked.Decrement(ref counts[slot]);
}
