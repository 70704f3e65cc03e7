using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>The service is known, but no instance that takes requests can be selected at the moment (Go: <c>ErrNoHostFound</c>).</summary>
public sealed class NoInstanceFoundException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The service that was asked for.</param>
    public NoInstanceFoundException(string serviceName)
        : this(serviceName, "has no instance at the moment")
    {
    }

    private NoInstanceFoundException(string serviceName, string problem)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' {problem}.")
    {
        ServiceName = serviceName;
    }

    /// <summary>The service that was asked for.</summary>
    public string ServiceName { get; }

    internal static NoInstanceFoundException AllExcluded(string serviceName) =>
        new(serviceName, "has no instance left: the query excludes all that take requests");
}
