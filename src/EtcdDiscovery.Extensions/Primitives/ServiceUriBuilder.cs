using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EtcdDiscovery.Primitives;

/// <summary>Builds URLs from values in the store, which are untrusted.</summary>
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

    /// <summary>Builds a URI from its parts.</summary>
    /// <param name="scheme">The scheme.</param>
    /// <param name="host">A host name or IP address.</param>
    /// <param name="port">The port number.</param>
    /// <param name="user">The user; empty for none, which drops the password too, as in Go.</param>
    /// <param name="password">The user's password.</param>
    /// <param name="path">Path, query and fragment; percent-encoded where necessary.</param>
    /// <param name="uri">The URI.</param>
    /// <returns>Why the parts are invalid; null if they are valid.</returns>
    public static string? Build(
        string scheme, string host, string port, string user, string password, string path, out Uri? uri)
    {
        uri = null;
        if (!char.IsAsciiLetter(scheme[0]) || scheme.AsSpan().ContainsAnyExcept(SchemeTail))
        {
            return $"'{LogSanitizer.Sanitize(scheme)}' names a port but cannot be the scheme of a URL";
        }

        if (DescribeBadHost(host) is { } badHost)
        {
            return $"host name '{LogSanitizer.Sanitize(host)}' {badHost}";
        }

        if (!IsPort(port))
        {
            return $"port '{LogSanitizer.Sanitize(port)}' is not a number from 1 to 65535";
        }

        var authority = host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
        return Uri.TryCreate($"{scheme}://{UserInfoOf(user, password)}{authority}:{port}{Rooted(path)}", UriKind.Absolute, out uri)
            ? null
            : "its parts do not form a valid URL";
    }

    /// <summary>Describes why a host name would change the meaning of a URL; null if it is valid.</summary>
    public static string? DescribeBadHost(string host)
    {
        if (host.Length == 0)
        {
            return "is empty";
        }

        if (host.Contains(':', StringComparison.Ordinal))
        {
            return IsIPv6(host) ? null : "contains ':' but is not an IPv6 address (a port belongs in Ports)";
        }

        foreach (var c in host)
        {
            if (!char.IsLetterOrDigit(c) && c is not ('-' or '.' or '_' or '~'))
            {
                return c is > ' ' and <= '~' ? $"contains '{c}'" : $"contains the character U+{(int)c:X4}";
            }
        }

        return Uri.CheckHostName(host) == UriHostNameType.Unknown || !IsDnsName(host) ? "is not a valid host name" : null;
    }

    // int.TryParse alone accepts trailing NULs.
    public static bool IsPort(string port) => !port.AsSpan().ContainsAnyExceptInRange('0', '9')
        && int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and <= 65535;

    // Uri accepts some hosts that are not valid DNS names. Without this check, requests to them would fail later.
    private static bool IsDnsName(string host)
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

    // A scope ('%eth0') is meaningful only on one machine.
    private static bool IsIPv6(string host) =>
        !host.Contains('%', StringComparison.Ordinal)
        && host.StartsWith('[') == host.EndsWith(']')
        && IPAddress.TryParse(host, out var address)
        && address.AddressFamily == AddressFamily.InterNetworkV6;

    // As in Go, a password without a user is dropped, and a user without a password is followed by a colon.
    private static string UserInfoOf(string user, string password) =>
        user.Length == 0 ? "" : $"{Escape(user, UserInfo)}:{Escape(password, UserInfo)}@";

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
}
