namespace EtcdDiscovery.LoadBalancing;

/// <summary>The outstanding calls to one instance, and what the results of the others say about it.</summary>
/// <param name="id">The instance's id.</param>
/// <param name="counts">Where its outstanding calls are counted.</param>
/// <param name="slot">Its slot there.</param>
internal sealed class InstanceCallState(string id, OutstandingCounts counts, int slot)
{
    private static readonly InstanceHealth Well = InstanceHealth.AfterSuccess();

    private volatile bool _isWell;

    public string Id => id;

    public int Slot => slot;

    /// <summary>
    /// The version of the known instances among which this one was found last. Searching for it at each start of a call would cost more
    /// than all the rest of the start.
    /// </summary>
    public int PresentAt { get; set; } = -1;

    /// <summary>How many calls have begun and not ended.</summary>
    public int Outstanding => Volatile.Read(ref counts[slot]);

    /// <summary>Whether there is nothing that another success could improve; read without the lock.</summary>
    public bool IsWell => _isWell;

    /// <summary>Read and written under the balancer's lock.</summary>
    public InstanceHealth Health
    {
        get;
        set
        {
            field = value;
            _isWell = value == Well;
        }
    }

    public void Start() => Interlocked.Increment(ref counts[slot]);

    public void End() => Interlocked.Decrement(ref counts[slot]);
}
