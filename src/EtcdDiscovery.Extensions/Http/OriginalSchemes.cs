namespace EtcdDiscovery.Http;

/// <summary>
/// Preserves the schemes of a URL such as <c>https+http://catalog</c>. If the handler of <c>Microsoft.Extensions.ServiceDiscovery</c> does
/// not know the service, it keeps only the first scheme.
/// </summary>
internal static class OriginalSchemes
{
    private static readonly HttpRequestOptionsKey<Uri> Key = new("EtcdDiscovery.OriginalUri");

    public static void Note(HttpRequestMessage request)
    {
        if (request.RequestUri is { IsAbsoluteUri: true } uri && uri.Scheme.Contains('+', StringComparison.Ordinal))
        {
            request.Options.Set(Key, uri);
        }
    }

    /// <summary>
    /// The request's URL with its original schemes, if that handler did not resolve it; null for a relative URL. A URL with another host,
    /// scheme or port is an endpoint that the handler resolved, or has a port that the caller requested.
    /// </summary>
    public static Uri? UriOf(HttpRequestMessage request) => request.RequestUri switch
    {
        { IsAbsoluteUri: true } uri => request.Options.TryGetValue(Key, out var original) && IsShortened(uri, original)
            ? new Uri($"{original.Scheme}://{uri.Host}{uri.PathAndQuery}")
            : uri,
        _ => null,
    };

    private static bool IsShortened(Uri uri, Uri original) =>
        original.Scheme.StartsWith(uri.Scheme + '+', StringComparison.Ordinal)
        && uri.IsDefaultPort
        && uri.Host.Equals(original.Host, StringComparison.OrdinalIgnoreCase);
}
