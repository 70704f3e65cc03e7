using System.Collections.Concurrent;

namespace EtcdDiscovery.Http;

/// <summary>Reads from URLs which service they ask for. Safe for concurrent use.</summary>
internal sealed class RouteTable
{
    // Who calls more hosts than this has them read each time, which takes longer and is as right.
    private const int Capacity = 1024;

    private const string SchemeEnd = "://";

    // A backslash is a slash in URLs of the web.
    private const string Delimiters = "/?#\\";

    private readonly string[] _externalHosts;
    private readonly ConcurrentDictionary<string, Route> _routes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Route>.AlternateLookup<ReadOnlySpan<char>> _byText;
    private int _count;

    // Most clients ask for one service only.
    private volatile Route _last = Route.Nowhere;

    public RouteTable(IEnumerable<string> externalHosts)
    {
        _externalHosts = [.. externalHosts];
        _byText = _routes.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Finds what an absolute URL asks for.</summary>
    public Route Find(Uri uri)
    {
        // The text as it was written is there already; a URL's parts would have to be made.
        var text = uri.OriginalString;
        var last = _last;
        if (text.StartsWith(last.Text, StringComparison.Ordinal)
            && (text.Length == last.Text.Length || Delimiters.Contains(text[last.Text.Length], StringComparison.Ordinal)))
        {
            return last;
        }

        var start = text.IndexOf(SchemeEnd, StringComparison.Ordinal);
        if (start < 0)
        {
            return Route.Nowhere;
        }

        start += SchemeEnd.Length;
        var length = text.AsSpan(start).IndexOfAny(Delimiters);
        var end = length < 0 ? text.Length : start + length;
        return _last = _byText.TryGetValue(text.AsSpan(0, end), out var route) ? route : Add(uri, text[..end], text[start..end]);
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
        var schemes = uri.Scheme.Split('+');
        var isWeb = Array.TrueForAll(schemes, scheme => scheme is "http" or "https");
        if (!isWeb || IsElsewhere(uri, authority))
        {
            return new() { Text = text, Schemes = schemes, Origin = isWeb && schemes.Length > 1 ? schemes[0] + SchemeEnd + authority : null };
        }

        var host = uri.Host;
        var dot = host.IndexOf('.', StringComparison.Ordinal);
        return host[0] == '_' && dot > 1 && dot < host.Length - 1
            ? new() { Text = text, Service = host[(dot + 1)..], Schemes = schemes, Port = host[1..dot] }
            : new() { Text = text, Service = host, Schemes = schemes };
    }

    private bool IsElsewhere(Uri uri, string authority) =>
        uri.HostNameType is UriHostNameType.IPv4 or UriHostNameType.IPv6 or UriHostNameType.Unknown
        || uri.Host is "" or "localhost"
        || !uri.IsDefaultPort
        || authority.LastIndexOf(':') > authority.LastIndexOfAny(['@', ']'])
        || Array.Exists(_externalHosts, external => Matches(external, uri.Host));

    private static bool Matches(string external, string host) => external.StartsWith("*.", StringComparison.Ordinal)
        ? host.EndsWith(external[1..], StringComparison.OrdinalIgnoreCase)
        : host.Equals(external, StringComparison.OrdinalIgnoreCase);
}
