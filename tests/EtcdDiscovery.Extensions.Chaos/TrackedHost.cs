namespace EtcdDiscovery.Chaos;

/// <summary>What a host is doing, as far as etcd is concerned.</summary>
internal enum HostPhase
{
    /// <summary>It serves, or is about to: its key has to be there.</summary>
    Live,

    /// <summary>It was asked to end: its key may be there or not.</summary>
    Ending,

    /// <summary>It has ended or is paused: its key has to vanish.</summary>
    Silent,
}

/// <summary>Why a key may be missing.</summary>
/// <param name="Kind">The fault.</param>
/// <param name="Ended">When the fault ended; null while it lasts.</param>
internal sealed record Excuse(FaultKind Kind, TimeSpan? Ended);

/// <summary>What is expected of one host, and what was seen of it.</summary>
internal sealed class TrackedHost(string name, Excuse excuse)
{
    public string Name => name;

    public HostPhase Phase { get; set; } = HostPhase.Live;

    public TimeSpan SilentSince { get; set; }

    /// <summary>Why its key may be missing; null when it may not.</summary>
    public Excuse? Excuse { get; set; } = excuse;

    /// <summary>Its key as it was seen last; null until it was seen.</summary>
    public SeenKey? Seen { get; set; }

    /// <summary>Whether its key was there, as the host itself put it, when it was looked for last.</summary>
    public bool IsPresent { get; set; }

    /// <summary>Since when its key was missed each time that it was looked for; null while it is there.</summary>
    public TimeSpan? MissedSince { get; set; }

    /// <summary>What it was blamed for already.</summary>
    public HashSet<string> Blamed { get; } = [];
}
