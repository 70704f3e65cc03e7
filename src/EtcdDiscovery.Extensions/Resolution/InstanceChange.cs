namespace EtcdDiscovery.Resolution;

/// <summary>One instance, as it was and as it is; null where it was or is not there.</summary>
/// <param name="Before">What was known.</param>
/// <param name="After">What is known now.</param>
/// <param name="HasSignedOff">Whether it said that it was leaving before it left.</param>
internal readonly record struct InstanceChange(ServiceInstance? Before, ServiceInstance? After, bool HasSignedOff = false)
{
    public string Id => (After ?? Before)!.Id;

    /// <summary>What the change means to those who see only some of the instances; null when it means nothing.</summary>
    /// <param name="shard">The shard that they see; null for all.</param>
    public ServiceChange? SeenOn(string? shard) => (IsSeen(Before, shard), IsSeen(After, shard)) switch
    {
        (false, true) => new ServiceChange(ServiceChangeKind.Up, After!),
        (true, true) => new ServiceChange(ServiceChangeKind.Updated, After!),
        (true, false) => new ServiceChange(ServiceChangeKind.Down, Before!) { DownReason = WhyDown() },
        _ => null,
    };

    private static bool IsSeen(ServiceInstance? instance, string? shard) =>
        instance is not null && InstanceArray.IsServing(instance) && (shard is null || shard == instance.Shard);

    private ServiceDownReason WhyDown() => After switch
    {
        { Status: ServiceStatus.Maintenance } => ServiceDownReason.Maintenance,
        null when !HasSignedOff => ServiceDownReason.Expired,
        _ => ServiceDownReason.Unregistered,
    };
}
