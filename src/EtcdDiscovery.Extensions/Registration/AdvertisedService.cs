namespace EtcdDiscovery.Registration;

/// <summary>What a registration writes, made from its options by Go's defaults.</summary>
internal sealed record AdvertisedService(ServiceInstance Instance, ServiceInfo Info)
{
    public static AdvertisedService From(ServiceRegistrationOptions options, string nodeHostname, Guid uuid)
    {
        var privateHostname = PrivateHostnameOf(options, nodeHostname);
        var ports = ToPorts(options.Ports);
        var credentials = string.IsNullOrEmpty(options.User) && string.IsNullOrEmpty(options.Password)
            ? null
            : new ServiceCredentials(options.User ?? "", options.Password ?? "");
        var instance = new ServiceInstance
        {
            Id = $"{uuid:D}-{privateHostname}",
            ServiceName = options.Name!,
            Hostname = options.Hostname ?? "",
            Ports = ports,
            Credentials = credentials,
            Public = options.Public,
            PrivateHostname = privateHostname,
            PrivatePorts = ToPorts(options.PrivatePorts) is { Count: > 0 } privatePorts ? privatePorts : ports,
            Critical = options.Critical,
            Shard = options.Shard,
        };
        return new AdvertisedService(instance, InfoOf(instance));
    }

    private static string PrivateHostnameOf(ServiceRegistrationOptions options, string nodeHostname)
    {
        if (!string.IsNullOrEmpty(options.PrivateHostname))
        {
            return options.PrivateHostname;
        }

        return options.Public || string.IsNullOrEmpty(options.Hostname) ? nodeHostname : options.Hostname;
    }

    private static ServiceInfo InfoOf(ServiceInstance instance)
    {
        var info = new ServiceInfo { Name = instance.ServiceName, Critical = instance.Critical };
        return instance.Public
            ? info with
            {
                Public = true,
                Hostname = instance.Hostname,
                Ports = instance.Ports,
                Credentials = instance.Credentials,
            }
            : info;
    }

    private static ServiceMap? ToPorts(IDictionary<string, string>? ports) => ports is null ? null : new(ports);
}
