using System.Text.Json.Serialization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>One host of a service, as it stands in the store. Go's <c>Host</c>.</summary>
/// <remarks>
/// Immutable. Everything in it was written by another process: treat it as untrusted text. Two instances are equal when their whole content is;
/// <see cref="ServiceName"/> and <see cref="Id"/> identify an instance.
/// </remarks>
public sealed record ServiceInstance
{
    /// <summary>The instance's identity: <c>&lt;uuid v4&gt;-&lt;private hostname&gt;</c>, the last segment of its key.</summary>
    public required string Id { get; init; }

    /// <summary>The service that it belongs to.</summary>
    public required string ServiceName { get; init; }

    /// <summary>The host name that callers from everywhere use; may be empty on a private instance.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>The ports that go with <see cref="Hostname"/>; <see langword="null"/> when the writer gave none.</summary>
    public ServiceMap? Ports { get; init; }

    /// <summary>What callers authenticate with; <see langword="null"/> when nothing is asked for.</summary>
    /// <remarks>Not part of the instance's JSON, so that returning an instance from an endpoint does not publish them.</remarks>
    [JsonIgnore]
    public ServiceCredentials? Credentials { get; init; }

    /// <summary>Whether the service is published under one name for callers from everywhere.</summary>
    public bool Public { get; init; }

    /// <summary>The host name within the private network; <see langword="null"/> when there is none.</summary>
    public string? PrivateHostname { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The ports that go with <see cref="PrivateHostname"/>; <see langword="null"/> when there are none.</summary>
    public ServiceMap? PrivatePorts { get; init; }

    /// <summary>Whether the service is critical for its callers.</summary>
    public bool Critical { get; init; }

    /// <summary>The shard that it serves; <see langword="null"/> when the service is not sharded.</summary>
    public string? Shard { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Whether it takes requests. Instances that do not are never picked.</summary>
    public ServiceStatus Status { get; init; }

    /// <summary>The status as it stands in the store; <see langword="null"/> unless <see cref="Status"/> is <see cref="ServiceStatus.Unknown"/>.</summary>
    public string? UnknownStatus { get; init; }

    /// <summary>Why it has its <see cref="Status"/>, for people; <see langword="null"/> when nothing was said.</summary>
    public string? StatusReason { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>How many requests it can take in proportion to the others.</summary>
    /// <value>The default is 1. Above 0.</value>
    /// <remarks>
    /// This is the weight in the store. A picker counts no weight for more than 100 times the median of the instances that it picks from, so
    /// that no instance takes all requests by its weight.
    /// </remarks>
    public double Weight { get; init; } = 1;

    /// <summary>Where it runs, such as a data centre; <see langword="null"/> when nothing was said.</summary>
    public string? Zone { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>Whatever else the service tells about itself; <see langword="null"/> when there is nothing.</summary>
    public ServiceMap? Metadata { get; init; }

    /// <summary>Builds the URL that callers from everywhere use.</summary>
    /// <param name="scheme">A scheme of <see cref="Ports"/>; empty for <c>http</c>, else <c>https</c>, whichever it has.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; what needs it is percent-encoded (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether user and password are part of the URL, as in Go. URLs end up in logs, traces and error messages, so by default they are not:
    /// take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL.</returns>
    /// <remarks>A private instance without <see cref="Hostname"/> answers with its private host name.</remarks>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetUri(string scheme = "", string path = "", bool includeCredentials = false) =>
        BuildUri(ServiceNetwork.Public, scheme, path, includeCredentials);

    /// <summary>Builds the URL that callers within the private network use.</summary>
    /// <param name="scheme">A scheme of <see cref="PrivatePorts"/>; empty for <c>http</c>, else <c>https</c>, whichever it has.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; what needs it is percent-encoded (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether user and password are part of the URL, as in Go. URLs end up in logs, traces and error messages, so by default they are not:
    /// take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL; that of <see cref="GetUri"/> without a private host name.</returns>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetPrivateUri(string scheme = "", string path = "", bool includeCredentials = false) =>
        BuildUri(ServiceNetwork.Private, scheme, path, includeCredentials);

    /// <summary>The instance, for messages.</summary>
    internal string Described => $"Instance '{LogSanitizer.Sanitize(Id)}' of service '{LogSanitizer.Sanitize(ServiceName)}'";

    /// <summary>The host name and the ports that callers in a network use.</summary>
    internal (string Host, ServiceMap Ports) AddressIn(ServiceNetwork network) =>
        network == ServiceNetwork.Private && PrivateHostname is not null ? (PrivateHostname, PrivatePorts ?? ServiceMap.Empty)
        : (Hostname.Length == 0 && !Public ? PrivateHostname ?? "" : Hostname, Ports ?? ServiceMap.Empty);

    private Uri BuildUri(ServiceNetwork network, string scheme, string path, bool includeCredentials)
    {
        var (host, ports) = AddressIn(network);
        return ServiceInfo.BuildUri(
            Described, host, ports, includeCredentials ? Credentials : null, scheme is "" ? WebSchemeOf(ports) : scheme, path);
    }

    // Without a scheme: the web scheme that there is a port for, http before https.
    private static string WebSchemeOf(ServiceMap ports) =>
        ports.ContainsKey("http") ? "http"
        : ports.ContainsKey("https") ? "https"
        : "";
}
