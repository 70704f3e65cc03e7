using EtcdDiscovery.Wire;

namespace EtcdDiscovery.Registration;

/// <summary>The instance that a registration writes, built from its options with Go's defaults. Immutable.</summary>
internal sealed class EncodedInstance(ServiceInstance instance)
{
    // Encoded lazily, because many instances are only intermediate results. A race encodes twice, with the same result.
    private byte[]? _value;

    public ServiceInstance Instance { get; } = instance;

    /// <summary>The instance's bytes in the store.</summary>
    public ReadOnlyMemory<byte> Value => _value ??= ServiceJson.Encode(Instance);

    /// <summary>The service's description. For a private service, it contains only the name and whether the service is critical.</summary>
    public ServiceInfo Description => Instance.Public
        ? new ServiceInfo
        {
            Name = Instance.ServiceName,
            Critical = Instance.Critical,
            Public = true,
            Hostname = Instance.Hostname,
            Ports = Instance.Ports,
            Credentials = Instance.Credentials,
        }
        : new ServiceInfo { Name = Instance.ServiceName, Critical = Instance.Critical };

    public static EncodedInstance From(ServiceRegistrationOptions options, string nodeHostname, Guid uuid)
    {
        var privateHostname = PrivateHostnameOf(options, nodeHostname);
        var ports = ToMap(options.Ports);
        return new EncodedInstance(new ServiceInstance
        {
            Id = $"{uuid:D}-{privateHostname}",
            ServiceName = options.Name!,
            Hostname = options.Hostname ?? "",
            Ports = ports,
            Credentials = ConfiguredCredentials(options),
            Public = options.Public,
            PrivateHostname = privateHostname,
            PrivatePorts = ToMap(options.PrivatePorts) is { Count: > 0 } privatePorts ? privatePorts : ports,
            Critical = options.Critical,
            Shard = options.Shard,
            Weight = options.Weight,
            Zone = options.Zone,
            Status = options.InitialStatus,
            Metadata = ToMap(options.Metadata),
        });
    }

    /// <summary>Whether the private host name is the machine's name, because none is configured.</summary>
    public static bool UsesNodeHostname(ServiceRegistrationOptions options) =>
        string.IsNullOrEmpty(options.PrivateHostname) && (options.Public || string.IsNullOrEmpty(options.Hostname));

    public static ServiceCredentials? ConfiguredCredentials(ServiceRegistrationOptions options) =>
        string.IsNullOrEmpty(options.User) && string.IsNullOrEmpty(options.Password)
            ? null
            : new ServiceCredentials(options.User ?? "", options.Password ?? "");

    /// <summary>Adopts the content of another instance, but keeps this instance's id, agreed credentials and status.</summary>
    public EncodedInstance With(EncodedInstance other) => new(other.Instance with
    {
        Id = Instance.Id,
        Credentials = Instance.Credentials,
        Status = Instance.Status,
        StatusReason = Instance.StatusReason,
    });

    public EncodedInstance With(ServiceCredentials? credentials) =>
        credentials == Instance.Credentials ? this : new(Instance with { Credentials = credentials });

    public EncodedInstance With(ServiceStatus status, string? reason) =>
        new(Instance with { Status = status, StatusReason = reason });

    private static string PrivateHostnameOf(ServiceRegistrationOptions options, string nodeHostname) =>
        UsesNodeHostname(options) ? nodeHostname
        : string.IsNullOrEmpty(options.PrivateHostname) ? options.Hostname!
        : options.PrivateHostname;

    private static ServiceMap? ToMap(IDictionary<string, string>? entries) => entries is null ? null : new(entries);
}
