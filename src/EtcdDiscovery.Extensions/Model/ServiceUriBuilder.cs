using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EtcdDiscovery.Model;

/// <summary>Builds URLs from what stands in the store, none of which can be trusted to fit into a URL.</summary>
internal static class ServiceUriBuilder
{
    private const string Unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    private const int MaxHostLength = 253;
    private const string SubDelimiters = "!$&'()*+,;=";

    // RFC 3986, 3.2.1 (without the colon, which separates user and password) and 3.3 to 3.5.
    private static readonly SearchValues<char> UserInfo = SearchValues.Create(Unreserved + SubDelimiters);
    private static readonly SearchValues<char> PathQueryFragment = SearchValues.Create(Unreserved + SubDelimiters + ":@/?#");
    private static readonly SearchValues<char> SchemeTail = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+-.");

    public static Uri Build(
        object target, string host, ServiceMap? ports, ServiceCredentials? credentials, string scheme, string path)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        ArgumentNullException.ThrowIfNull(path);
        if (scheme.Length == 0 || ports is null || !ports.TryGetValue(scheme, out var port))
        {
            throw new UnknownSchemeException(scheme, Describe(target), ports?.Keys ?? []);
        }

        if (!char.IsAsciiLetter(scheme[0]) || scheme.AsSpan().ContainsAnyExcept(SchemeTail))
        {
            throw Refuse(target, $"'{LogSanitizer.Sanitize(scheme)}' names a port but cannot be the scheme of a URL");
        }

        if (DescribeBadHost(host) is { } badHost)
        {
            throw Refuse(target, $"host name '{LogSanitizer.Sanitize(host)}' {badHost}");
        }

        if (!IsPort(port))
        {
            throw Refuse(target, $"port '{LogSanitizer.Sanitize(port)}' is not a number from 1 to 65535");
        }

        var authority = host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
        return Uri.TryCreate($"{scheme}://{UserInfoOf(credentials)}{authority}:{port}{Rooted(path)}", UriKind.Absolute, out var uri)
            ? uri
            : throw Refuse(target, "its parts are no URL together");
    }

    /// <summary>The scheme asked for; when none was, the web scheme that there is a port for (http before https).</summary>
    public static string OrWebScheme(string scheme, ServiceMap? ports)
    {
        if (scheme is not "" || ports is null)
        {
            return scheme;
        }

        return ports.ContainsKey("http") ? "http" : ports.ContainsKey("https") ? "https" : "";
    }

    /// <summary>Says why a host name cannot stand in a URL without changing its meaning; null when it can.</summary>
    public static string? DescribeBadHost(string host)
    {
        if (host.Length == 0)
        {
            return "is empty";
        }

        if (host.Contains(':', StringComparison.Ordinal))
        {
            return IsIPv6(host) ? null : "contains ':' but is not an IPv6 address (a port belongs into Ports)";
        }

        foreach (var c in host)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '.' or '_' or '~'))
            {
                return char.IsControl(c) || char.IsWhiteSpace(c)
                    ? $"contains the character U+{(int)c:X4}"
                    : $"contains '{c}'";
            }
        }

        return Uri.CheckHostName(host) == UriHostNameType.Unknown || !CanBeAskedFor(host) ? "is not a valid host name" : null;
    }

    // Parsing alone takes trailing NULs.
    public static bool IsPort(string port) => !port.AsSpan().ContainsAnyExceptInRange('0', '9')
        && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535;

    // Not all that a URL takes is a name for DNS, and whoever sends a request to it finds that out too late.
    private static bool CanBeAskedFor(string host)
    {
        try
        {
            return (Ascii.IsValid(host) ? host : new Uri("http://" + host).IdnHost).Length <= MaxHostLength;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }

    // A scope ('%eth0') means something on one machine only.
    private static bool IsIPv6(string host) =>
        !host.Contains('%', StringComparison.Ordinal)
        && host.StartsWith('[') == host.EndsWith(']')
        && IPAddress.TryParse(host, out var address)
        && address.AddressFamily == AddressFamily.InterNetworkV6;

    // As in Go: a password without a user is dropped, a user without a password keeps the colon.
    private static string UserInfoOf(ServiceCredentials? credentials) =>
        credentials is not { User.Length: > 0 }
            ? ""
            : $"{Escape(credentials.User, UserInfo)}:{Escape(credentials.Password, UserInfo)}@";

    // A path without a slash would become part of the port.
    private static string Rooted(string path)
    {
        var escaped = Escape(path, PathQueryFragment, keepEscapes: true);
        return escaped.Length == 0 || escaped[0] is '/' or '?' or '#' ? escaped : "/" + escaped;
    }

    private static string Escape(string text, SearchValues<char> allowed, bool keepEscapes = false)
    {
        if (!text.AsSpan().ContainsAnyExcept(allowed))
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        Span<byte> utf8 = stackalloc byte[4];
        for (var i = 0; i < text.Length;)
        {
            Rune.DecodeFromUtf16(text.AsSpan(i), out var rune, out var length);
            if (allowed.Contains(text[i]) || (keepEscapes && IsEscape(text, i)))
            {
                escaped.Append(text[i]);
            }
            else
            {
                foreach (var octet in utf8[..rune.EncodeToUtf8(utf8)])
                {
                    escaped.Append(CultureInfo.InvariantCulture, $"%{octet:X2}");
                }
            }

            i += length;
        }

        return escaped.ToString();
    }

    private static bool IsEscape(string text, int index) =>
        text[index] == '%' && index + 2 < text.Length
        && char.IsAsciiHexDigit(text[index + 1]) && char.IsAsciiHexDigit(text[index + 2]);

    private static EtcdDiscoveryException Refuse(object target, string reason) =>
        new($"{Describe(target)}: no URL can be built, {reason}.");

    private static string Describe(object target) => target switch
    {
        ServiceInstance instance =>
            $"Instance '{LogSanitizer.Sanitize(instance.Id)}' of service '{LogSanitizer.Sanitize(instance.ServiceName)}'",
        ServiceInfo info => $"Service '{LogSanitizer.Sanitize(info.Name)}'",
        _ => target.ToString() ?? "",
    };
}
