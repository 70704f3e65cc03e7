using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service or instance has no port for the scheme that was asked for (Go: <c>ErrUnknownScheme</c>).</summary>
public sealed class UnknownSchemeException : EtcdDiscoveryException
{
    // Instances are written by other processes, each with ports of its own.
    private const int MaxTold = 20;

    /// <summary>Creates the error.</summary>
    /// <param name="scheme">The scheme that was asked for; empty when none was.</param>
    /// <param name="target">The service or instance that was asked.</param>
    /// <param name="knownSchemes">The schemes that it has ports for.</param>
    public UnknownSchemeException(string scheme, string target, IEnumerable<string> knownSchemes)
        : this(scheme, target, [.. knownSchemes])
    {
    }

    private UnknownSchemeException(string scheme, string target, IReadOnlyList<string> knownSchemes)
        : base(Describe(scheme, target, string.Join(", ", knownSchemes)))
    {
        Scheme = scheme;
        KnownSchemes = knownSchemes;
    }

    /// <summary>The scheme that was asked for; empty when none was.</summary>
    public string Scheme { get; }

    /// <summary>The schemes that there are ports for. Written by other processes: treat it as untrusted text.</summary>
    public IReadOnlyList<string> KnownSchemes { get; }

    internal static UnknownSchemeException Of(string service, string scheme, IEnumerable<string> knownSchemes) =>
        new(scheme, $"Service '{LogSanitizer.Sanitize(service)}'", knownSchemes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MaxTold));

    private static string Describe(string scheme, string target, string known)
    {
        var asked = scheme.Length == 0 ? "no scheme was asked for" : $"no port for scheme '{LogSanitizer.Sanitize(scheme)}'";
        return known.Length == 0
            ? $"{LogSanitizer.SanitizeMessage(target)}: {asked}, and it has no ports at all."
            : $"{LogSanitizer.SanitizeMessage(target)}: {asked}; it has ports for: {LogSanitizer.Sanitize(known)}.";
    }
}
