using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service or instance has no port for the requested scheme (Go: <c>ErrUnknownScheme</c>).</summary>
public sealed class UnknownSchemeException : EtcdDiscoveryException
{
    // Other processes write the instances, so the number of distinct port names is unbounded.
    private const int MaxListedSchemes = 20;

    /// <summary>Creates the error.</summary>
    /// <param name="scheme">The requested scheme; empty if none was given.</param>
    /// <param name="target">The service or instance, for the message.</param>
    /// <param name="knownSchemes">The schemes that have ports.</param>
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

    /// <summary>The requested scheme; empty if none was given.</summary>
    public string Scheme { get; }

    /// <summary>The schemes that have ports. Written by other processes: treat them as untrusted text.</summary>
    public IReadOnlyList<string> KnownSchemes { get; }

    internal static UnknownSchemeException Of(string service, string scheme, IEnumerable<string> knownSchemes) =>
        new(scheme, ServiceInfo.Describe(service, instanceId: null), knownSchemes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Take(MaxListedSchemes));

    private static string Describe(string scheme, string target, string known)
    {
        var problem = scheme.Length == 0 ? "no scheme was given" : $"no port for scheme '{LogSanitizer.Sanitize(scheme)}'";
        return known.Length == 0
            ? $"{LogSanitizer.SanitizeMessage(target)}: {problem}, and there are no ports at all."
            : $"{LogSanitizer.SanitizeMessage(target)}: {problem}. There are ports for: {LogSanitizer.Sanitize(known)}.";
    }
}
