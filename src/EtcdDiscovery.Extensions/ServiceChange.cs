namespace EtcdDiscovery;

/// <summary>A change of a service's instances.</summary>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">
/// The instance: as it is now, or with <see cref="ServiceChangeKind.Down"/> as it was last; <see langword="null"/> with
/// <see cref="ServiceChangeKind.Resync"/>.
/// </param>
public sealed record ServiceChange(ServiceChangeKind Kind, ServiceInstance? Instance)
{
    /// <summary>Why the instance went down; <see langword="null"/> unless it did.</summary>
    public ServiceDownReason? DownReason { get; init; }

    /// <summary>Everything known of the service; <see langword="null"/> except with <see cref="ServiceChangeKind.Resync"/>.</summary>
    public ServiceSnapshot? Snapshot { get; init; }
}
