using System.Text.Json.Serialization;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The description of a service. Go's <c>Service</c>.</summary>
/// <remarks>
/// Immutable. The description stays in the store when all instances are gone. For a private service, only <see cref="Name"/> and
/// <see cref="Critical"/> are set.
/// </remarks>
public sealed record ServiceInfo
{
    /// <summary>The service's name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether the service is critical for its callers.</summary>
    public bool Critical { get; init; }

    /// <summary>The host name of a public service; <see langword="null"/> for a private one.</summary>
    public string? Hostname { get; init => field = string.IsNullOrEmpty(value) ? null : value; }

    /// <summary>The credentials that callers of a public service authenticate with; <see langword="null"/> if none are required.</summary>
    /// <remarks>Excluded from JSON.</remarks>
    [JsonIgnore]
    public ServiceCredentials? Credentials { get; init; }

    /// <summary>The ports of a public service; <see langword="null"/> when there are none.</summary>
    public ServiceMap? Ports { get; init; }

    /// <summary>Whether the service is published under one host name, for callers from outside the private network.</summary>
    public bool Public { get; init; }

    /// <summary>Builds the URL of a public service.</summary>
    /// <param name="scheme">A scheme in <see cref="Ports"/>. As in Go, there is no default; the methods of an instance have one.</param>
    /// <param name="path">Path and query, such as <c>/items?page=2</c>; percent-encoded where necessary (RFC 3986).</param>
    /// <param name="includeCredentials">
    /// Whether the URL contains the user and password, as in Go. By default it does not, since URLs end up in logs, traces and error
    /// messages: take them from <see cref="Credentials"/>.
    /// </param>
    /// <returns>The URL.</returns>
    /// <exception cref="UnknownSchemeException">The scheme is empty or has no port.</exception>
    /// <exception cref="EtcdDiscoveryException">The host name or port would change the meaning of the URL.</exception>
    public Uri GetUri(string scheme, string path = "", bool includeCredentials = false) => BuildUri(
        Name, instanceId: null, Hostname ?? "", Ports, includeCredentials ? Credentials : null, scheme, path);

    /// <summary>Builds a URL of a service or of one of its instances.</summary>
    /// <param name="service">The name of the service, for error messages.</param>
    /// <param name="instanceId">The id of the instance, for error messages; null for a URL of the service.</param>
    /// <param name="host">The host name or IP address.</param>
    /// <param name="ports">The ports by scheme.</param>
    /// <param name="credentials">The credentials to include in the URL; null for none.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="path">Path, query and fragment.</param>
    internal static Uri BuildUri(
        string service, string? instanceId, string host, ServiceMap? ports, ServiceCredentials? credentials, string scheme, string path)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        ArgumentNullException.ThrowIfNull(path);
        if (scheme.Length == 0 || ports is null || !ports.TryGetValue(scheme, out var port))
        {
            throw new UnknownSchemeException(scheme, Describe(service, instanceId), ports?.Keys ?? []);
        }

        var problem = ServiceUriBuilder.Build(scheme, host, port, credentials?.User ?? "", credentials?.Password ?? "", path, out var uri);
        return problem is null ? uri! : throw new EtcdDiscoveryException($"{Describe(service, instanceId)}: no URL can be built, {problem}.");
    }

    /// <summary>The name of a service, or of one of its instances, in error messages.</summary>
    internal static string Describe(string service, string? instanceId) => instanceId is null
        ? $"Service '{LogSanitizer.Sanitize(service)}'"
        : $"Instance '{LogSanitizer.Sanitize(instanceId)}' of service '{LogSanitizer.Sanitize(service)}'";
}
