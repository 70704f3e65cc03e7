namespace EtcdDiscovery.Chaos;

/// <summary>The phase of a host, which determines whether its key must exist.</summary>
internal enum HostPhase
{
    /// <summary>Serving or starting: its key must exist.</summary>
    Live,

    /// <summary>Shutting down: its key may or may not exist.</summary>
    Ending,

    /// <summary>Exited or paused: its key must vanish.</summary>
    Silent,
}

/// <summary>Why a key may be missing.</summary>
/// <param name="Kind">The fault.</param>
/// <param name="Ended">When the fault ended; null while it lasts.</param>
internal sealed record Excuse(FaultKind Kind, TimeSpan? Ended);

/// <summary>The expected and the observed state of one host.</summary>
internal sealed class TrackedHost(string name, Excuse excuse)
{
    public string Name => name;

    public HostPhase Phase { get; set; } = HostPhase.Live;

    public TimeSpan SilentSince { get; set; }

    /// <summary>Why the key may be missing; null if it must exist.</summary>
    public Excuse? Excuse { get; set; } = excuse;

    /// <summary>The key as last seen; null if never seen.</summary>
    public SeenKey? Seen { get; set; }

    /// <summary>Whether the last check found the key as the host itself had written it.</summary>
    public bool IsPresent { get; set; }

    /// <summary>Since when the key has been missing; null while it exists.</summary>
    public TimeSpan? MissedSince { get; set; }

    /// <summary>The violations that are already reported.</summary>
    public HashSet<string> Reported { get; } = [];
}
