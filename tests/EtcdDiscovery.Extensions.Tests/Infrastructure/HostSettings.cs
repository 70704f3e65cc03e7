namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Settings in the section <c>EtcdDiscovery</c>. A separate file, because tests/BlackBox shares the others.</summary>
internal static class HostSettings
{
    /// <summary>The settings of a host that uses this server.</summary>
    public static Dictionary<string, string?> Settings(this IEtcd server, string? service = null) => new()
    {
        ["Etcd:Endpoints:0"] = server.Endpoint,
        ["Service:Name"] = service,
    };

    /// <summary>The TLS settings of a client of an etcd that requires client certificates.</summary>
    public static EtcdTlsOptions Tls(this TestAuthority authority, TestIdentity client, string? serverName = null) => new()
    {
        CertificateAuthority = authority.File,
        Certificate = client.CertificateFile,
        Key = client.KeyFile,
        ServerName = serverName,
    };
}
