using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service or instance has no port for the scheme that was asked for (Go: <c>ErrUnknownScheme</c>).</summary>
public sealed class UnknownSchemeException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="scheme">The scheme that was asked for; empty when none was.</param>
    /// <param name="target">The service or instance that was asked.</param>
    /// <param name="knownSchemes">The schemes that it has ports for.</param>
    public UnknownSchemeException(string scheme, string target, IEnumerable<string> knownSchemes)
        : base(Describe(scheme, target, string.Join(", ", knownSchemes)))
    {
        Scheme = scheme;
    }

    /// <summary>The scheme that was asked for; empty when none was.</summary>
    public string Scheme { get; }

    private static string Describe(string scheme, string target, string known)
    {
        var asked = scheme.Length == 0 ? "no scheme was asked for" : $"no port for scheme '{LogSanitizer.Sanitize(scheme)}'";
        return known.Length == 0
            ? $"{LogSanitizer.SanitizeMessage(target)}: {asked}, and it has no ports at all."
            : $"{LogSanitizer.SanitizeMessage(target)}: {asked}; it has ports for: {LogSanitizer.Sanitize(known)}.";
    }
}
