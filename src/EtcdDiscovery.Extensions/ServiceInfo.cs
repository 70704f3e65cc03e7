using System.Text.Json.Serialization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>What is known of a service as a whole. Go's <c>Service</c>.</summary>
/// <remarks>Immutable. It stays in the store when all instances are gone. Only a public service has more than a name.</remarks>
public sealed record ServiceInfo
{
    /// <summary>The service's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the service is critical for its callers.</summary>
    public bool Critical { get; init; }

    /// <summary>The one host name of a public service; <see langword="null"/> on a private one.</summary>
    public string? Hostname { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>What callers of a public service authenticate with; <see langword="null"/> when nothing is asked for.</summary>
    /// <remarks>Not part of the service's JSON.</remarks>
    [JsonIgnore]
    public ServiceCredentials? Credentials { get; init; }

    /// <summary>The ports of a public service; <see langword="null"/> when there are none.</summary>
    public ServiceMap? Ports { get; init; }

    /// <summary>Whether the service is published under one name for callers from everywhere.</summary>
    public bool Public { get; init; }

    /// <summary>Builds the URL of a public service.</summary>
    /// <param name="scheme">A scheme of <see cref="Ports"/>. Unlike with an instance there is no default, as in Go.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; what needs it is percent-encoded (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether user and password are part of the URL, as in Go. URLs end up in logs, traces and error messages, so by default they are not:
    /// take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL.</returns>
    /// <exception cref="UnknownSchemeException">There is no port for the scheme, or it is empty.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetUri(string scheme, string path = "", bool includeCredentials = false) => BuildUri(
        $"Service '{LogSanitizer.Sanitize(Name)}'", Hostname ?? "", Ports, includeCredentials ? Credentials : null, scheme, path);

    /// <summary>Builds a URL of a service or of one of its instances.</summary>
    /// <param name="owner">Whose URL it is, for messages.</param>
    /// <param name="host">The host name or IP address.</param>
    /// <param name="ports">The ports by scheme.</param>
    /// <param name="credentials">The user and password to put into the URL; null for none.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="path">Path, query and fragment.</param>
    internal static Uri BuildUri(
        string owner, string host, ServiceMap? ports, ServiceCredentials? credentials, string scheme, string path)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        ArgumentNullException.ThrowIfNull(path);
        if (scheme.Length == 0 || ports is null || !ports.TryGetValue(scheme, out var port))
        {
            throw new UnknownSchemeException(scheme, owner, ports?.Keys ?? []);
        }

        var problem = ServiceUriBuilder.Build(scheme, host, port, credentials?.User ?? "", credentials?.Password ?? "", path, out var uri);
        return problem is null ? uri! : throw new EtcdDiscoveryException($"{owner}: no URL can be built, {problem}.");
    }
}
