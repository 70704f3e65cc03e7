namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Settings below the section <c>EtcdDiscovery</c>, apart from the files that tests/BlackBox shares.</summary>
internal static class HostSettings
{
    /// <summary>The settings of a host that uses this server.</summary>
    public static Dictionary<string, string?> Settings(this IEtcd server, string? service = null) => new()
    {
        ["Etcd:Endpoints:0"] = server.Endpoint,
        ["Service:Name"] = service,
    };

    /// <summary>What a client of an etcd that wants certificates has to be told.</summary>
    public static EtcdTlsOptions Tls(this TestAuthority authority, TestIdentity client, string? serverName = null) => new()
    {
        CertificateAuthority = authority.File,
        Certificate = client.CertificateFile,
        Key = client.KeyFile,
        ServerName = serverName,
    };
}
