namespace EtcdDiscovery;

/// <summary>What this host registers. Configuration section <c>EtcdDiscovery:Service</c>.</summary>
public sealed class ServiceRegistrationOptions
{
    /// <summary>The service's name. A single <c>/</c> inside it is allowed.</summary>
    /// <value>The default is <see langword="null"/>: nothing is registered, the application is a consumer only.</value>
    public string? Name { get; set; }

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
}
