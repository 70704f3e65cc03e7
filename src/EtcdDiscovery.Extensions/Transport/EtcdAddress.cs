using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport;

/// <summary>Parses configured endpoints.</summary>
internal static class EtcdAddress
{
    /// <summary>Reads <c>http://host:port</c>, <c>https://host:port</c> or <c>host:port</c>.</summary>
    /// <exception cref="EtcdDiscoveryException">The text is not such an address.</exception>
    public static Uri Parse(string endpoint) => TryParse(endpoint, out var address)
        ? address
        : throw new EtcdDiscoveryException(
            $"EtcdDiscovery:Etcd:Endpoints: '{Display(endpoint)}' is not an address such as http://127.0.0.1:2379.");

    /// <inheritdoc cref="Parse"/>
    /// <returns>Whether it is an address.</returns>
    public static bool TryParse(string? endpoint, [NotNullWhen(true)] out Uri? address)
    {
        address = null;
        var text = endpoint?.Trim() ?? "";
        text = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.PathAndQuery != "/" || uri.Fragment.Length > 0 || uri.UserInfo.Length > 0)
        {
            return false;
        }

        address = uri;
        return true;
    }

    /// <summary>The configured text for messages, without the part before an <c>@</c>, which may be a password.</summary>
    public static string Display(string? endpoint) => LogSanitizer.Sanitize(endpoint?[(endpoint.LastIndexOf('@') + 1)..] ?? "");

    /// <summary>
    /// The address for logs, messages and health reports. It always includes the port, because a forgotten port is a common mistake.
    /// </summary>
    public static string Display(Uri address) => FormattableString.Invariant($"{address.Scheme}://{address.Host}:{address.Port}");
}
