namespace EtcdDiscovery.Tool;

/// <summary>An instance in JSON. User and password are present only with <c>--show-credentials</c>.</summary>
internal sealed record InstanceDocument
{
    public required string Id { get; init; }

    public required string Service { get; init; }

    public required string Hostname { get; init; }

    public required ServiceMap Ports { get; init; }

    public required bool Public { get; init; }

    public string? PrivateHostname { get; init; }

    public ServiceMap? PrivatePorts { get; init; }

    public required string Status { get; init; }

    public string? StatusReason { get; init; }

    public string? Shard { get; init; }

    public string? Zone { get; init; }

    public required double Weight { get; init; }

    public required bool Critical { get; init; }

    public ServiceMap? Metadata { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    public static InstanceDocument From(ServiceInstance instance, bool withCredentials = false) => new()
    {
        Id = instance.Id,
        Service = instance.ServiceName,
        Hostname = instance.Hostname,
        Ports = instance.Ports ?? ServiceMap.Empty,
        Public = instance.Public,
        PrivateHostname = instance.PrivateHostname,
        PrivatePorts = instance.PrivatePorts,
        Status = StatusOf(instance),
        StatusReason = instance.StatusReason,
        Shard = instance.Shard,
        Zone = instance.Zone,
        Weight = instance.Weight,
        Critical = instance.Critical,
        Metadata = instance.Metadata,
        User = withCredentials ? instance.Credentials?.User : null,
        Password = withCredentials ? instance.Credentials?.Password : null,
    };

    /// <summary>The status, such as <c>serving</c>. A status that this version does not know is returned as it is in etcd.</summary>
    public static string StatusOf(ServiceInstance instance) => instance.UnknownStatus ?? Output.NameOf(instance.Status);

    /// <summary>The host that callers connect to.</summary>
    public static string HostOf(ServiceInstance instance) => instance.Hostname is { Length: > 0 } host ? host : instance.PrivateHostname ?? "";

    /// <summary>The ports of that host, such as <c>http=8080</c>.</summary>
    public static string PortsOf(ServiceInstance instance) => Output.Join(instance.Ports ?? instance.PrivatePorts);
}
