using System.Collections.Concurrent;
using System.Net;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Http;

/// <summary>Maps URLs to routes, with a cache. Safe for concurrent use.</summary>
internal sealed class RouteTable
{
    // Beyond this limit, routes are parsed for each request: slower, still correct.
    private const int Capacity = 1024;

    private const string SchemeEnd = "://";

    // Web URLs treat a backslash as a slash.
    private const string Delimiters = "/?#\\";

    private readonly HttpDiscoveryOptions _options;
    private readonly IReadOnlyList<IPNetwork> _allowedNetworks;
    private readonly ConcurrentDictionary<string, Route> _routes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> _byText;
    private int _count;

    public RouteTable(HttpDiscoveryOptions options)
    {
        _options = options;
        _allowedNetworks = [.. options.AllowedNetworks.Select(network => IPNetwork.Parse(network))];
        _byText = _routes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Finds the route of an absolute URL.</summary>
    public Route Find(Uri uri)
    {
        // The original text already exists, whereas the parts of a Uri would be allocated.
        var text = uri.OriginalString;
        var start = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        if (start < 0)
        {
            return Route.Nowhere;
        }

        start += SchemeEnd.Length;
        var length = text.AsSpan(start).IndexOfAny(Delimiters);
        var end = length < 0 ? text.Length : start + length;
        return _byText.TryGetValue(text.AsSpan(0, end), out var route) ? route : Add(uri, text[..end], text[start..end]);
    }

    private Route Add(Uri uri, string text, string authority)
    {
        var route = Read(uri, text, authority);
        if (Volatile.Read(ref _count) < Capacity && _routes.TryAdd(text, route))
        {
            Interlocked.Increment(ref _count);
        }

        return route;
    }

    private Route Read(Uri uri, string text, string authority)
    {
        var schemes = Array.ConvertAll(uri.Scheme.Split('+'), HttpOf);
        var isWeb = Array.TrueForAll(schemes, scheme => scheme is "http" or "https");
        var (service, port) = PortName.Split(uri.Host);
        return isWeb && IsName(uri) && HasDefaultPort(uri, schemes) && _options.LooksUp(service)
            ? new()
            {
                Text = text,
                Host = service,
                Schemes = schemes,
                Port = port,
                HostHeader = _options.HostName == HttpHostName.Service ? service : null,
                AllowedNetworks = _allowedNetworks,
            }
            : new() { Text = text, Schemes = schemes, Origin = isWeb && schemes.Length > 1 ? schemes[0] + SchemeEnd + authority : null };
    }

    // A WebSocket starts as an HTTP request, to the same port.
    private static string HttpOf(string scheme) => scheme switch
    {
        "ws" => "http",
        "wss" => "https",
        _ => scheme,
    };

    private static bool IsName(Uri uri) =>
        uri.HostNameType is UriHostNameType.Dns or UriHostNameType.Basic && uri.Host is not ("" or "localhost");

    // URL builders, such as that of gRPC, write the scheme's default port into the URL.
    private static bool HasDefaultPort(Uri uri, string[] schemes) =>
        uri.IsDefaultPort || Array.Exists(schemes, scheme => uri.Port == (scheme == "https" ? 443 : 80));
}
