namespace EtcdDiscovery.Diagnostics;

/// <summary>Something that happened to a service as this process sees it. Immutable.</summary>
/// <param name="Time">When, by this machine's clock.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Service">The service.</param>
/// <param name="InstanceId">The instance; <see langword="null"/> when the event is about the service as a whole.</param>
/// <param name="Detail">More about it, such as why an instance is down, for people; <see langword="null"/> when there is nothing more to say.</param>
public sealed record DiscoveryEvent(DateTimeOffset Time, DiscoveryEventKind Kind, string Service, string? InstanceId = null, string? Detail = null);
