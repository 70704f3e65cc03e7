using System.Globalization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Describes for people why a query does not select an instance.</summary>
internal static class ExclusionReasons
{
    public static IReadOnlyList<string> Of(InstanceExclusions exclusions, ServiceInstance instance, ServiceQuery query, DateTimeOffset? ejectedUntil) =>
    [
        .. Enum.GetValues<InstanceExclusions>()
            .Where(exclusion => exclusion != InstanceExclusions.None && exclusions.HasFlag(exclusion))
            .Select(exclusion => LogSanitizer.SanitizeMessage(Describe(exclusion, instance, query, ejectedUntil))),
    ];

    private static string Describe(InstanceExclusions exclusion, ServiceInstance instance, ServiceQuery query, DateTimeOffset? ejectedUntil) => exclusion switch
    {
        InstanceExclusions.Status => $"its status is {StatusOf(instance)}" + (instance.StatusReason is { } reason ? $" ({reason})" : ""),
        InstanceExclusions.Shard => $"it serves {ShardOf(instance)}, not '{query.Shard}'",
        InstanceExclusions.Excluded => "the query excludes it",
        InstanceExclusions.Ejected => string.Create(
            CultureInfo.InvariantCulture, $"calls from this process failed, so it is ejected until {ejectedUntil:HH:mm:ss} UTC"),
        InstanceExclusions.PreferredShard => $"it serves {ShardOf(instance)}, while others serve '{query.PreferredShard}'",
        InstanceExclusions.PreferredZone => $"it is in {ZoneOf(instance)}, while others are in the preferred zone",
        _ => $"it has no port for {query.Scheme}, only {PortsOf(instance, query)}",
    };

    private static string StatusOf(ServiceInstance instance) => instance.UnknownStatus ?? instance.Status.ToString().ToLowerInvariant();

    private static string ShardOf(ServiceInstance instance) => instance.Shard is { } shard ? $"shard '{shard}'" : "no shard";

    private static string ZoneOf(ServiceInstance instance) => instance.Zone is { } zone ? $"zone '{zone}'" : "no zone";

    private static string PortsOf(ServiceInstance instance, ServiceQuery query) => instance.AddressIn(query.Network).Ports is { Count: > 0 } ports
        ? string.Join(' ', ports.Select(port => $"{port.Key}={port.Value}"))
        : "none";
}
