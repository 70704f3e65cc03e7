namespace EtcdDiscovery.Resolution;

/// <summary>One instance, as it was and as it is; null where it was or is not there.</summary>
/// <param name="Before">What was known.</param>
/// <param name="After">What is known now.</param>
/// <param name="HasSignedOff">Whether it signed off before it left; null when that is not known.</param>
internal readonly record struct InstanceChange(ServiceInstance? Before, ServiceInstance? After, bool? HasSignedOff = false)
{
    public string Id => (After ?? Before)!.Id;

    /// <summary>The change among the instances that take requests; null when they are the same as before.</summary>
    public ServiceChange? OfServing() => (IsServing(Before), IsServing(After)) switch
    {
        (false, true) => new ServiceChange { Kind = ServiceChangeKind.Up, Instance = After! },
        (true, true) => new ServiceChange { Kind = ServiceChangeKind.Updated, Instance = After! },
        (true, false) => new ServiceChange { Kind = ServiceChangeKind.Down, Instance = After ?? Before!, DownReason = WhyDown() },
        _ => null,
    };

    private static bool IsServing(ServiceInstance? instance) => instance is not null && InstanceArray.IsServing(instance);

    private ServiceDownReason? WhyDown() => (After, HasSignedOff) switch
    {
        ({ Status: ServiceStatus.Maintenance or ServiceStatus.Unknown }, _) => ServiceDownReason.Maintenance,
        (not null, _) or (null, true) => ServiceDownReason.Unregistered,
        (null, false) => ServiceDownReason.Expired,
        (null, null) => null,
    };
}
