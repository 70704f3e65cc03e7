namespace EtcdDiscovery.Diagnostics;

/// <summary>The lease under which this process is registered. Immutable.</summary>
public sealed class LeaseInfo
{
    /// <summary>The time to live that the store granted: how long it keeps the registrations after the last renewal.</summary>
    public required TimeSpan TimeToLive { get; init; }

    /// <summary>The time since the last successful renewal was requested.</summary>
    public required TimeSpan Age { get; init; }

    /// <summary>Why the last renewal failed; <see langword="null"/> when it succeeded.</summary>
    public string? Failure { get; init; }
}
