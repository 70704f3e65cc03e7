namespace EtcdDiscovery;

/// <summary>How to connect to etcd. Configuration section <c>EtcdDiscovery:Etcd</c>.</summary>
public sealed class EtcdOptions
{
    /// <summary>
    /// The cluster's client addresses: <c>https://host:port</c>, <c>http://host:port</c>, or <c>host:port</c> for <c>http</c>. One endpoint
    /// is used at a time; when it fails, the next one is used.
    /// </summary>
    /// <value>
    /// Defaults to the environment variable <c>ETCD_HOSTS</c> (comma-separated), then <c>ETCD_HOST</c>, then <c>http://127.0.0.1:2379</c>.
    /// </value>
    public IList<string> Endpoints { get; set; } = [];

    /// <summary>How connections to <c>https</c> endpoints are secured.</summary>
    public EtcdTlsOptions Tls { get; set; } = new();

    /// <summary>The user that this application authenticates with.</summary>
    /// <value>The default is none. Requires <see cref="Password"/>. Changes apply while the application runs.</value>
    public string? User { get; set; }

    /// <summary>The user's password. A secret.</summary>
    /// <value>The default is none. Changes apply while the application runs.</value>
    public string? Password { get; set; }

    /// <summary>The time limit for connecting to one endpoint; then the next one is tried.</summary>
    /// <value>The default is 1 second. From 0.1 seconds to 1 minute.</value>
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The time limit for one request to etcd; then the request fails and another endpoint is used.</summary>
    /// <value>The default is 3 seconds. From 0.1 seconds to 5 minutes.</value>
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(3);
}
