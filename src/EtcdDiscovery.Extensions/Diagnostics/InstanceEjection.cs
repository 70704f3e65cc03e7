namespace EtcdDiscovery.Diagnostics;

/// <summary>An instance that is not picked for a while because calls to it failed. Immutable.</summary>
public sealed class InstanceEjection
{
    /// <summary>The instance.</summary>
    public required ServiceInstance Instance { get; init; }

    /// <summary>When it may be picked again, by this machine's clock, unless a call succeeds earlier.</summary>
    public required DateTimeOffset EndsAt { get; init; }
}
