namespace EtcdDiscovery.Stores.Etcd;

/// <summary>Reads the endpoints that people configure.</summary>
internal static class EtcdAddress
{
    private const string Default = "http://127.0.0.1:2379";

    /// <summary>Reads all of them; without any, the local etcd.</summary>
    public static Uri[] ParseAll(IEnumerable<string> endpoints)
    {
        var addresses = endpoints.Select(Parse).ToArray();
        return addresses.Length > 0 ? addresses : [Parse(Default)];
    }

    /// <summary>Reads <c>http://host:port</c>, <c>https://host:port</c> or <c>host:port</c>.</summary>
    /// <exception cref="EtcdDiscoveryException">It is something else.</exception>
    public static Uri Parse(string endpoint)
    {
        var text = endpoint.Trim();
        if (!text.Contains("://", StringComparison.Ordinal))
            text = "http://" + text;

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri)
            || (uri.Scheme != Uri.UriSchemeHttp && uri.Scheme != Uri.UriSchemeHttps)
            || uri.PathAndQuery != "/")
        {
            // What stands before an @ may be a password.
            throw new EtcdDiscoveryException(
                $"EtcdDiscovery:Etcd:Endpoints: '{text[(text.LastIndexOf('@') + 1)..]}' is not an address like http://127.0.0.1:2379.");
        }

        return new Uri(uri.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped));
    }

    /// <summary>The address for logs, messages and health reports: without user info or trailing slash.</summary>
    public static string Display(Uri address) => address.GetLeftPart(UriPartial.Authority);
}
