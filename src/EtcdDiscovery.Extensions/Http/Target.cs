using System.Net;
using System.Net.Http.Headers;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Http;

/// <summary>An instance as the requests of one route reach it. Safe for concurrent use.</summary>
internal sealed class Target
{
    private const int KeptOnceIn = 32;

    private volatile Uri? _kept;

    private Target(string origin, AuthenticationHeaderValue? authorization) =>
        (Origin, Authorization) = (origin, authorization);

    /// <summary>Scheme, host and port, as requests' URLs begin; empty when there is a problem.</summary>
    public string Origin { get; }

    /// <summary>The service's credentials; null when it has none.</summary>
    public AuthenticationHeaderValue? Authorization { get; }

    /// <summary>Why it cannot be reached; null when it can.</summary>
    public EtcdDiscoveryException? Problem { get; private init; }

    /// <summary>A host that is no service.</summary>
    public static Target Elsewhere(string origin) => new(origin, null);

    public static Target Of(ServiceInstance instance, ServiceNetwork network, Route route)
    {
        var isPrivate = network == ServiceNetwork.Private && instance.PrivateHostname is not null;
        var ports = (isPrivate ? instance.PrivatePorts : instance.Ports) ?? ServiceMap.Empty;
        try
        {
            var scheme = Array.Find(route.Schemes, scheme => ports.ContainsKey(route.Port ?? scheme))
                ?? throw new UnknownSchemeException(
                    route.Port ?? string.Join('+', route.Schemes), $"Service '{route.Service}'", ports.Keys);
            // Whatever in the store would change the meaning of the URL is refused here.
            var uri = isPrivate ? instance.GetPrivateUri(route.Port ?? scheme) : instance.GetUri(route.Port ?? scheme);
            if (IPAddress.TryParse(uri.IdnHost, out var address) && !route.Allows(address))
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

    /// <summary>The URL of a path here. One is kept, since many clients ask for the same path again and again.</summary>
    public Uri UriOf(ReadOnlySpan<char> rest)
    {
        var kept = _kept;
        if (kept is not null && kept.OriginalString.AsSpan(Origin.Length).SequenceEqual(rest))
        {
            return kept;
        }

        var uri = new Uri(string.Concat(Origin, rest));
        // Where paths are ever new, keeping each would make short-lived objects long-lived, which costs more than it saves.
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
