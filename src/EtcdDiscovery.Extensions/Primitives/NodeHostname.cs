namespace EtcdDiscovery.Primitives;

/// <summary>
/// Determines this machine's host name as Go's etcd-discovery does: from <c>HOSTNAME</c>, or else from the operating system.
/// </summary>
internal static class NodeHostname
{
    public const string Variable = "HOSTNAME";

    // The length of the container ids that Docker uses as host names.
    private const int ContainerIdLength = 12;

    public static string Get(Func<string, string?> environment) => FromEnvironment(environment) ?? Environment.MachineName;

    /// <summary>The value of <c>HOSTNAME</c>; null if it is not set, or is not a host name.</summary>
    public static string? FromEnvironment(Func<string, string?> environment) =>
        environment(Variable) is { Length: > 0 } name && ServiceUriBuilder.DescribeBadHost(name) is null ? name : null;

    /// <summary>
    /// Describes a name that a container engine generated and that other machines usually cannot resolve; null for other names.
    /// </summary>
    public static string? DescribeGenerated(string name, Func<string, string?> environment) =>
        name.Contains('.', StringComparison.Ordinal) ? null
        : !string.IsNullOrEmpty(environment("KUBERNETES_SERVICE_HOST")) ? "the name of a pod"
        : name.Length == ContainerIdLength && name.All(char.IsAsciiHexDigitLower) ? "the id of a container"
        : null;
}
