namespace EtcdDiscovery.Primitives;

/// <summary>The host names of URLs, which are lower case, as names of services, which may have capital letters.</summary>
internal static class HostNames
{
    /// <summary>Finds the only service whose name differs from a host name at most in case.</summary>
    /// <returns>The service's name; null if there is none, or if there are several.</returns>
    public static string? FindService(IEnumerable<string> names, string host) =>
        names.Where(name => name.Equals(host, StringComparison.OrdinalIgnoreCase)).Take(2).ToList() is [var only] ? only : null;
}
