namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Settings for the v2 keys API. A separate file, because tests/BlackBox shares the others.</summary>
internal static class V2HostSettings
{
    extension(V2Api)
    {
        /// <summary>The settings of a host that uses this server's v2 keys API.</summary>
        public static Dictionary<string, string?> Settings(EtcdServer server, string? service = null) =>
            new(server.Settings(service)) { ["Store"] = "EtcdV2" };
    }
}
