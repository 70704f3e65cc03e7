using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>What this host registers. Configuration section <c>EtcdDiscovery:Service</c>.</summary>
public sealed class ServiceRegistrationOptions
{
    /// <summary>The service's name. A single <c>/</c> inside it is allowed.</summary>
    /// <value>The default is <see langword="null"/>: nothing is registered, the application is a consumer only.</value>
    public string? Name { get; set; }

    /// <summary>
    /// Whether this service of the configuration is registered. <see cref="EtcdDiscoveryOptions.RegisterService"/> decides for all of them.
    /// </summary>
    /// <value>The default is <see langword="true"/>. <see cref="IServiceRegistry.Register"/> ignores it.</value>
    public bool Enabled { get; set; } = true;

    /// <summary>The host name or IP address for callers from everywhere.</summary>
    /// <value>The default is <see langword="null"/>: none.</value>
    public string? Hostname { get; set; }

    /// <summary>The ports that go with <see cref="Hostname"/> by scheme, such as <c>http</c> to <c>8080</c>; each from 1 to 65535.</summary>
    /// <value>The default is <see langword="null"/>: none.</value>
    public IDictionary<string, string>? Ports { get; set; }

    /// <summary>Whether the service is published under one name, <see cref="Hostname"/>, for callers from everywhere.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Public { get; set; }

    /// <summary>The host name or IP address within the private network.</summary>
    /// <value>
    /// Without one, a private service takes <see cref="Hostname"/>. A public service, or a private one without that
    /// either, takes this machine's host name: the environment variable <c>HOSTNAME</c>, else the operating system's.
    /// </value>
    public string? PrivateHostname { get; set; }

    /// <summary>The ports that go with <see cref="PrivateHostname"/> by scheme; each from 1 to 65535.</summary>
    /// <value>Without any, <see cref="Ports"/>.</value>
    public IDictionary<string, string>? PrivatePorts { get; set; }

    /// <summary>Whether the service is critical for its callers.</summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool Critical { get; set; }

    /// <summary>The shard that this host serves.</summary>
    /// <value>The default is <see langword="null"/>: the service is not sharded.</value>
    public string? Shard { get; set; }

    /// <summary>The user name that callers authenticate with.</summary>
    /// <value>The default is <see langword="null"/>: nothing is asked for.</value>
    public string? User { get; set; }

    /// <summary>The password that callers authenticate with. Never logged.</summary>
    /// <value>The default is <see langword="null"/>: nothing is asked for.</value>
    public string? Password { get; set; }

    /// <summary>Whether to make a random user and password, 32 characters each, when none are configured.</summary>
    /// <value>The default is <see langword="false"/>. Hosts of a public service agree on one pair.</value>
    public bool GenerateCredentials { get; set; }

    /// <summary>Whose user and password the hosts of a public service share when they differ.</summary>
    /// <value>The default is <see cref="CredentialPolicy.Share"/>.</value>
    public CredentialPolicy CredentialPolicy { get; set; }

    /// <summary>How many requests this host can take in proportion to the others.</summary>
    /// <value>The default is 1. Above 0, up to 1,000,000; see <see cref="ServiceInstance.Weight"/> for what pickers make of it.</value>
    public double Weight { get; set; } = 1;

    /// <summary>Where this host runs, such as a data centre.</summary>
    /// <value>The default is <see langword="null"/>: nothing is said.</value>
    public string? Zone { get; set; }

    /// <summary>
    /// How the host is registered at first: <see cref="ServiceStatus.Serving"/>, or <see cref="ServiceStatus.Maintenance"/> for
    /// one that takes requests only once <see cref="IServiceRegistration.SetStatusAsync"/> says so.
    /// </summary>
    /// <value>The default is <see cref="ServiceStatus.Serving"/>. Later changes of it have no effect.</value>
    public ServiceStatus InitialStatus { get; set; }

    /// <summary>Anything else that callers should know about this host. Not for secrets: every client that may read etcd sees it.</summary>
    /// <value>The default is <see langword="null"/>: nothing.</value>
    public IDictionary<string, string>? Metadata { get; set; }

    /// <summary>Values of the configuration that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
