namespace EtcdDiscovery.Primitives;

/// <summary>Splits <c>_grpc.catalog</c>, the notation of <c>Microsoft.Extensions.ServiceDiscovery</c> for a port of a service.</summary>
internal static class PortName
{
    /// <returns>The service, and the name of the port; the latter is null if the text contains only a service.</returns>
    public static (string Service, string? Port) Split(string text)
    {
        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return text.StartsWith('_') && dot > 1 && dot < text.Length - 1 ? (text[(dot + 1)..], text[1..dot]) : (text, null);
    }
}
