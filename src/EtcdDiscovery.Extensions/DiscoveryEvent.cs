namespace EtcdDiscovery.Diagnostics;

/// <summary>An event in the life of a service, as seen by this process. Immutable.</summary>
public sealed class DiscoveryEvent
{
    /// <summary>The time of the event, by this machine's clock.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>The kind of the event.</summary>
    public required DiscoveryEventKind Kind { get; init; }

    /// <summary>The name of the service.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The id of the instance; <see langword="null"/> when the event is about the service as a whole.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Human-readable detail, such as the reason why an instance is down; <see langword="null"/> if there is none.</summary>
    public string? Detail { get; init; }
}
