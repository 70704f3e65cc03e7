namespace EtcdDiscovery.Http;

/// <summary>
/// The schemes of a URL such as <c>https+http://catalog</c>, of which the handler of
/// <c>Microsoft.Extensions.ServiceDiscovery</c> leaves only the first when it knows no such service.
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

    /// <summary>The request's URL with the schemes that it had at first, if it still names the same host.</summary>
    public static Uri Restore(HttpRequestMessage request, Uri uri) =>
        request.Options.TryGetValue(Key, out var original)
        && !uri.Scheme.Contains('+', StringComparison.Ordinal)
        && uri.Host.Equals(original.Host, StringComparison.OrdinalIgnoreCase)
            ? new Uri($"{original.Scheme}://{uri.Host}{uri.PathAndQuery}")
            : uri;
}
