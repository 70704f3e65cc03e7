using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Http;

/// <summary>The address of an instance for the requests of one route. Safe for concurrent use.</summary>
internal sealed class Target
{
    private const int KeptOnceIn = 32;

    // Characters that Uri does not change in a path or query (RFC 3986, 3.3 and 3.4), except in segments that begin with a dot.
    private static readonly SearchValues<char> Plain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/?");

    private volatile Uri? _kept;

    private Target(string origin, AuthenticationHeaderValue? authorization) =>
        (Origin, Authorization) = (origin, authorization);

    /// <summary>Scheme, host and port of request URLs; empty if there is a problem.</summary>
    public string Origin { get; }

    /// <summary>The service's credentials; null if it has none.</summary>
    public AuthenticationHeaderValue? Authorization { get; }

    /// <summary>Why the instance cannot be called; null if it can.</summary>
    public EtcdDiscoveryException? Problem { get; private init; }

    /// <summary>Creates the target for a host that is not a service.</summary>
    public static Target Elsewhere(string origin) => new(origin, null);

    public static Target Of(ServiceInstance instance, ServiceNetwork network, Route route)
    {
        var (host, ports) = instance.AddressIn(network);
        try
        {
            var scheme = Array.Find(route.Schemes, scheme => ports.ContainsKey(route.Port ?? scheme))
                ?? throw new UnknownSchemeException(
                    route.Port ?? string.Join('+', route.Schemes), $"Service '{route.Service}'", ports.Keys);
            // Rejects values from the store that would change the meaning of the URL.
            if (ServiceUriBuilder.Build(scheme, host, ports[route.Port ?? scheme], "", "", "", out var uri) is { } problem)
            {
                throw new EtcdDiscoveryException($"{ServiceInfo.Describe(instance.ServiceName, instance.Id)}: no URL can be built, {problem}.");
            }

            if (IPAddress.TryParse(uri!.IdnHost, out var address) && !route.Allows(address))
            {
                throw new EtcdDiscoveryException(
                    $"An instance of service '{route.Service}' is at {address}, which is outside AllowedNetworks.");
            }

            return new Target(
                FormattableString.Invariant($"{scheme}://{uri.Host}:{uri.Port}"), BasicOf(instance.Credentials));
        }
        catch (EtcdDiscoveryException problem)
        {
            return new Target("", null) { Problem = problem };
        }
    }

    /// <summary>Creates the URL for a path. Caches one URL, because many clients request the same path again and again.</summary>
    /// <param name="asked">The URL that the caller requested.</param>
    /// <param name="rest">Its path, query and fragment in their original form.</param>
    public Uri UriOf(Uri asked, ReadOnlySpan<char> rest)
    {
        if (rest.ContainsAnyExcept(Plain) || rest.Contains("/.", StringComparison.Ordinal))
        {
            // The caller may have disabled canonicalization of the path and query. This has no effect if both forms are equal.
            var isVerbatim = rest.SequenceEqual(asked.PathAndQuery);
            return new Uri(string.Concat(Origin, rest), new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = isVerbatim });
        }

        var kept = _kept;
        if (kept is not null && kept.OriginalString.AsSpan(Origin.Length).SequenceEqual(rest))
        {
            return kept;
        }

        var uri = new Uri(string.Concat(Origin, rest));
        // If every path is new, caching each one would promote short-lived objects, which costs more than it saves.
        if (kept is null || Random.Shared.Next(KeptOnceIn) == 0)
        {
            _kept = uri;
        }

        return uri;
    }

    // As in URLs, a password without a user is dropped.
    private static AuthenticationHeaderValue? BasicOf(ServiceCredentials? credentials) =>
        credentials is { User.Length: > 0 } ? BasicAuthentication.HeaderOf(credentials.User, credentials.Password) : null;
}
