namespace EtcdDiscovery;

/// <summary>A change of one instance of a service.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">The instance: as it is now, or with <see cref="ServiceChangeKind.Down"/> as it was last.</param>
/// <param name="DownReason">Why it went down; <see langword="null"/> unless it did.</param>
public sealed record ServiceChange(
    ServiceChangeKind Kind, ServiceInstance Instance, ServiceDownReason? DownReason = null);
