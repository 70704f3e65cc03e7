namespace EtcdDiscovery.Registration;

/// <summary>Determines this machine's host name as Go's etcd-discovery does: <c>HOSTNAME</c>, else that of the operating system.</summary>
internal static class NodeHostname
{
    public static string Get(Func<string, string?> environment) =>
        environment("HOSTNAME") is { Length: > 0 } name ? name : Environment.MachineName;
}
