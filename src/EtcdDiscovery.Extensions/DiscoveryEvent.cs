namespace EtcdDiscovery.Diagnostics;

/// <summary>Something that happened to a service as this process sees it. Immutable.</summary>
public sealed class DiscoveryEvent
{
    /// <summary>When it happened, by this machine's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What happened.</summary>
    public required DiscoveryEventKind Kind { get; init; }

    /// <summary>The service.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The instance; <see langword="null"/> when the event is about the service as a whole.</summary>
    public string? InstanceId { get; init; }

    /// <summary>More about it, such as why an instance is down, for people; <see langword="null"/> when there is nothing more to say.</summary>
    public string? Detail { get; init; }
}
