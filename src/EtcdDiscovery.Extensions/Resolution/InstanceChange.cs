namespace EtcdDiscovery.Resolution;

/// <summary>A change of one instance.</summary>
/// <param name="Before">The instance before; null if it is new.</param>
/// <param name="After">The instance now; null if it is gone.</param>
/// <param name="HasUnregistered">Whether the instance unregistered before it vanished; null if that is not known.</param>
internal readonly record struct InstanceChange(ServiceInstance? Before, ServiceInstance? After, bool? HasUnregistered = false)
{
    public string Id => (After ?? Before)!.Id;

    /// <summary>The change as callers see it, because they see only instances that take requests; null if they see no change.</summary>
    public ServiceChange? OfServing() => (IsServing(Before), IsServing(After)) switch
    {
        (false, true) => new ServiceChange { Kind = ServiceChangeKind.Up, Instance = After! },
        (true, true) => new ServiceChange { Kind = ServiceChangeKind.Updated, Instance = After! },
        (true, false) => new ServiceChange { Kind = ServiceChangeKind.Down, Instance = After ?? Before!, DownReason = WhyDown() },
        _ => null,
    };

    private static bool IsServing(ServiceInstance? instance) => instance is not null && InstanceChanges.IsServing(instance);

    private ServiceDownReason? WhyDown() => (After, HasUnregistered) switch
    {
        ({ Status: ServiceStatus.Maintenance or ServiceStatus.Unknown }, _) => ServiceDownReason.Maintenance,
        (not null, _) or (null, true) => ServiceDownReason.Unregistered,
        (null, false) => ServiceDownReason.Expired,
        (null, null) => null,
    };
}
