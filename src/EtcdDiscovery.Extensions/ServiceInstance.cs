using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>One instance of a service, as registered in the store. Go's <c>Host</c>.</summary>
/// <remarks>
/// Immutable. All text in it was written by another process: treat it as untrusted. Two instances are equal if all their content is equal;
/// <see cref="ServiceName"/> and <see cref="Id"/> identify an instance.
/// </remarks>
public sealed record ServiceInstance
{
    /// <summary>The instance's identity: <c>&lt;uuid v4&gt;-&lt;private hostname&gt;</c>, the last segment of its key.</summary>
    public required string Id { get; init; }

    /// <summary>The name of the service.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The host name for callers from outside the private network; may be empty for a private instance.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>The ports of <see cref="Hostname"/> by scheme; <see langword="null"/> if there are none.</summary>
    public ServiceMap? Ports { get; init; }

    /// <summary>The credentials that callers authenticate with; <see langword="null"/> if none are required.</summary>
    /// <remarks>Excluded from JSON, so that returning an instance from an endpoint does not publish them.</remarks>
    [JsonIgnore]
    public ServiceCredentials? Credentials { get; init; }

    /// <summary>Whether the service is published under one host name, for callers from outside the private network.</summary>
    public bool Public { get; init; }

    /// <summary>The host name within the private network; <see langword="null"/> when there is none.</summary>
    public string? PrivateHostname { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The ports of <see cref="PrivateHostname"/> by scheme; <see langword="null"/> if there are none.</summary>
    public ServiceMap? PrivatePorts { get; init; }

    /// <summary>Whether the service is critical for its callers.</summary>
    public bool Critical { get; init; }

    /// <summary>The shard that the instance serves; <see langword="null"/> when the service is not sharded.</summary>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Whether the instance takes requests. Instances that do not are never picked.</summary>
    public ServiceStatus Status { get; init; }

    /// <summary>
    /// The text of the status in the store; <see langword="null"/> unless <see cref="Status"/> is <see cref="ServiceStatus.Unknown"/>.
    /// </summary>
    public string? UnknownStatus { get; init; }

    /// <summary>The human-readable reason for its <see cref="Status"/>; <see langword="null"/> if none was given.</summary>
    public string? StatusReason { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>How many requests the instance can take, in proportion to the others.</summary>
    /// <value>The default is 1. Above 0.</value>
    /// <remarks>
    /// This is the weight in the store. Pickers cap each weight at 100 times the median weight of the instances that they pick from, so
    /// that no instance attracts all requests.
    /// </remarks>
    public double Weight { get; init; } = 1;

    /// <summary>The zone that the instance runs in, such as a data centre; <see langword="null"/> if none was given.</summary>
    public string? Zone { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Custom data that the service publishes; <see langword="null"/> if there is none.</summary>
    public ServiceMap? Metadata { get; init; }

    /// <summary>Builds the URL for callers from outside the private network.</summary>
    /// <param name="scheme">A scheme in <see cref="Ports"/>. If empty, <c>http</c> if there is such a port, otherwise <c>https</c>.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; percent-encoded where necessary (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether the URL contains the user and password, as in Go. By default it does not, since URLs end up in logs, traces and error
    /// messages: take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL.</returns>
    /// <remarks>If a private instance has no <see cref="Hostname"/>, the URL contains its private host name.</remarks>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetUri(string scheme = "", string path = "", bool includeCredentials = false) =>
        BuildUri(ServiceNetwork.Public, scheme, path, includeCredentials);

    /// <summary>Builds the URL for callers within the private network.</summary>
    /// <param name="scheme">
    /// A scheme in <see cref="PrivatePorts"/>. If empty, <c>http</c> if there is such a port, otherwise <c>https</c>.
    /// </param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; percent-encoded where necessary (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether the URL contains the user and password, as in Go. By default it does not, since URLs end up in logs, traces and error
    /// messages: take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL. If there is no private host name, this is the URL that <see cref="GetUri"/> returns.</returns>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetPrivateUri(string scheme = "", string path = "", bool includeCredentials = false) =>
        BuildUri(ServiceNetwork.Private, scheme, path, includeCredentials);

    /// <summary>The host name and ports for callers in the given network.</summary>
    internal (string Host, ServiceMap Ports) AddressIn(ServiceNetwork network) =>
        network == ServiceNetwork.Private && PrivateHostname is not null ? (PrivateHostname, PrivatePorts ?? ServiceMap.Empty)
        : (Hostname.Length == 0 && !Public ? PrivateHostname ?? "" : Hostname, Ports ?? ServiceMap.Empty);

    private Uri BuildUri(ServiceNetwork network, string scheme, string path, bool includeCredentials)
    {
        var (host, ports) = AddressIn(network);
        return ServiceInfo.BuildUri(
            ServiceName, Id, host, ports, includeCredentials ? Credentials : null, scheme is "" ? WebSchemeOf(ports) : scheme, path);
    }

    // The scheme to use if the caller gave none.
    private static string WebSchemeOf(ServiceMap ports) =>
        ports.ContainsKey("http") ? "http"
        : ports.ContainsKey("https") ? "https"
        : "";
}
