using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service that this process registers. Configuration section <c>EtcdDiscovery:Service</c>.</summary>
public sealed class ServiceRegistrationOptions
{
    /// <summary>The service's name. It may contain <c>/</c>, but not at its start or end, and not twice in a row.</summary>
    /// <value>The default is <see langword="null"/>: nothing is registered, and the application only finds other services.</value>
    public string? Name { get; set; }

    /// <summary>
    /// Whether this configured service is registered. <see cref="EtcdDiscoveryOptions.RegisterService"/> applies to all configured
    /// services.
    /// </summary>
    /// <value>The default is <see langword="true"/>. <see cref="IServiceRegistry.Register"/> ignores it.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>The host name or IP address for callers from outside the private network.</summary>
    /// <value>The default is <see langword="null"/>: none.</value>
    public string? Hostname { get; set; }

    /// <summary>The ports of <see cref="Hostname"/> by scheme, such as <c>http</c> to <c>8080</c>; each from 1 to 65535.</summary>
    /// <value>The default is <see langword="null"/>: none.</value>
    public IDictionary<string, string>? Ports { get; set; }

    /// <summary>
    /// Whether the service is published under one host name, <see cref="Hostname"/>, for callers from outside the private network.
    /// </summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Public { get; set; }

    /// <summary>The host name or IP address within the private network.</summary>
    /// <value>
    /// For a private service, defaults to <see cref="Hostname"/>. For a public service, or if <see cref="Hostname"/> is not set, defaults
    /// to the host name of the machine: the environment variable <c>HOSTNAME</c>, or else the name that the operating system reports.
    /// </value>
    public string? PrivateHostname { get; set; }

    /// <summary>The ports of <see cref="PrivateHostname"/> by scheme; each from 1 to 65535.</summary>
    /// <value>Defaults to <see cref="Ports"/>.</value>
    public IDictionary<string, string>? PrivatePorts { get; set; }

    /// <summary>Whether the service is critical for its callers.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Critical { get; set; }

    /// <summary>The shard that this instance serves.</summary>
    /// <value>The default is <see langword="null"/>: the service is not sharded.</value>
    public string? Shard { get; set; }

    /// <summary>The user name that callers authenticate with.</summary>
    /// <value>The default is <see langword="null"/>: none is required.</value>
    public string? User { get; set; }

    /// <summary>The password that callers authenticate with. Never logged.</summary>
    /// <value>The default is <see langword="null"/>: none is required.</value>
    public string? Password { get; set; }

    /// <summary>Whether to generate a random user and password, 32 characters each, if none are configured.</summary>
    /// <value>The default is <see langword="false"/>. The instances of a public service agree on one user and password.</value>
    public bool GenerateCredentials { get; set; }

    /// <summary>Decides which user and password the instances of a public service share when their configurations differ.</summary>
    /// <value>The default is <see cref="CredentialPolicy.Share"/>.</value>
    public CredentialPolicy CredentialPolicy { get; set; }

    /// <summary>How many requests this instance can take, in proportion to the others.</summary>
    /// <value>The default is 1. Above 0, up to 1,000,000; pickers cap it as <see cref="ServiceInstance.Weight"/> describes.</value>
    public double Weight { get; set; } = 1;

    /// <summary>The zone that this instance runs in, such as a data centre.</summary>
    /// <value>The default is <see langword="null"/>: none.</value>
    public string? Zone { get; set; }

    /// <summary>
    /// The status at registration: <see cref="ServiceStatus.Serving"/>, or <see cref="ServiceStatus.Maintenance"/> for an instance that
    /// takes requests only after a call to <see cref="IServiceRegistration.SetStatusAsync"/>.
    /// </summary>
    /// <value>The default is <see cref="ServiceStatus.Serving"/>. Later changes have no effect.</value>
    public ServiceStatus InitialStatus { get; set; }

    /// <summary>Custom data for callers. Do not store secrets here: every client that can read etcd sees this data.</summary>
    /// <value>The default is <see langword="null"/>: nothing.</value>
    public IDictionary<string, string>? Metadata { get; set; }

    /// <summary>
    /// Whether to log a warning if clients cannot reach this instance: it has no ports, its host name cannot be resolved or reached from
    /// other machines, or its service name has capital letters, which URLs do not preserve.
    /// </summary>
    /// <value>The default is <see langword="true"/>. Set it to <see langword="false"/> if that is intended.</value>
    public bool WarnIfUnreachable { get; set; } = true;

    /// <summary>Configuration values that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
