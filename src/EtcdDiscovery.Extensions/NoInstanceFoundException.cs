using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>
/// The service is known, but it has no instance that takes requests and can be selected at the moment (Go: <c>ErrNoHostFound</c>).
/// Transient.
/// </summary>
public sealed class NoInstanceFoundException : EtcdDiscoveryException
{
    /// <summary>Creates the error.</summary>
    /// <param name="serviceName">The requested service.</param>
    public NoInstanceFoundException(string serviceName)
        : this(serviceName, "has no instance at the moment")
    {
    }

    private NoInstanceFoundException(string serviceName, string problem)
        : base($"Service '{LogSanitizer.Sanitize(serviceName)}' {problem}.", isTransient: true)
    {
        ServiceName = serviceName;
    }

    /// <summary>The requested service.</summary>
    public string ServiceName { get; }

    internal static NoInstanceFoundException NoneServing(string serviceName, IReadOnlyCollection<ServiceInstance> instances)
    {
        var statuses = instances.CountBy(instance => instance.Status).OrderBy(status => status.Key).Select(status => $"{status.Value} {status.Key}");
        return instances.Count == 0
            ? new(serviceName)
            : new(serviceName, $"has no instance that takes requests at the moment: {string.Join(", ", statuses)}");
    }

    internal static NoInstanceFoundException AllExcluded(string serviceName) =>
        new(serviceName, "has no instance left: the query excludes all instances that take requests");
}
