namespace EtcdDiscovery.Primitives;

/// <summary>
/// Matches patterns of host names: <c>catalog</c> matches one name, <c>*.internal</c> matches every name below <c>internal</c>, and
/// <c>*</c> matches every host.
/// </summary>
internal static class HostPatterns
{
    public static bool AnyMatches(IList<string> patterns, string host) => patterns.Any(pattern => Matches(pattern, host));

    private static bool Matches(string pattern, string host) => pattern == "*"
        || (pattern.StartsWith("*.", StringComparison.Ordinal)
            ? host.EndsWith(pattern[1..], StringComparison.OrdinalIgnoreCase)
            : host.Equals(pattern, StringComparison.OrdinalIgnoreCase));
}
