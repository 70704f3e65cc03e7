namespace EtcdDiscovery.Diagnostics;

/// <summary>Keeps the latest events, and counts all events. Safe for concurrent use.</summary>
internal sealed class Timeline(int capacity)
{
    private readonly Lock _sync = new();
    private readonly Queue<DiscoveryEvent> _events = new();
    private readonly long[] _counts = new long[Enum.GetValues<DiscoveryEventKind>().Length];

    /// <summary>The kept events, oldest first.</summary>
    public IReadOnlyList<DiscoveryEvent> Events
    {
        get
        {
            lock (_sync)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>The number of events of each kind since the process started, including those that are no longer kept.</summary>
    public IReadOnlyDictionary<DiscoveryEventKind, long> Counts
    {
        get
        {
            lock (_sync)
            {
                return Enum.GetValues<DiscoveryEventKind>().ToDictionary(kind => kind, kind => _counts[(int)kind]);
            }
        }
    }

    public void Add(DiscoveryEvent added)
    {
        lock (_sync)
        {
            if (_events.Count == capacity)
            {
                _events.Dequeue();
            }

            _events.Enqueue(added);
            _counts[(int)added.Kind]++;
        }
    }
}
