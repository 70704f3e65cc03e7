namespace EtcdDiscovery.LoadBalancing;

/// <summary>What callers reported of their calls to one instance.</summary>
/// <param name="counts">Where its outstanding calls are counted.</param>
/// <param name="slot">Its slot there.</param>
internal sealed class InstanceCallState(OutstandingCounts counts, int slot)
{
    private static readonly InstanceHealth Well = InstanceHealth.AfterSuccess();

    private volatile bool _isWell;

    public int Slot => slot;

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

    /// <summary>A call has ended, whose start may not have been reported.</summary>
    public void End()
    {
        var outstanding = Outstanding;
        while (outstanding > 0)
        {
            var seen = Interlocked.CompareExchange(ref counts[slot], outstanding - 1, outstanding);
            if (seen == outstanding)
            {
                return;
            }

            outstanding = seen;
        }
    }
}
