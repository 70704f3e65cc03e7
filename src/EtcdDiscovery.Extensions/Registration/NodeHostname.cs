namespace EtcdDiscovery.Registration;

/// <summary>This machine's host name, as Go's etcd-discovery takes it: <c>HOSTNAME</c>, else the operating system's.</summary>
internal static class NodeHostname
{
    public static string Get(Func<string, string?> environment) =>
        environment("HOSTNAME") is { Length: > 0 } name ? name : Environment.MachineName;
}
