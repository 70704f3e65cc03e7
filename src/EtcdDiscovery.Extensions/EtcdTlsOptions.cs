namespace EtcdDiscovery;

/// <summary>How connections to <c>https</c> endpoints of etcd are secured. Configuration section <c>EtcdDiscovery:Etcd:Tls</c>.</summary>
/// <remarks>
/// <para>
/// Each certificate and key can be the path of a file, the PEM text itself, or the PEM text in base64. Files are read for every new
/// connection, so certificates can be replaced while the application runs.
/// </para>
/// <para>Connections use TLS 1.2 or later. The server's certificate and its name are always verified; no setting disables that.</para>
/// </remarks>
public sealed class EtcdTlsOptions
{
    /// <summary>The certificates of the authorities that are trusted to issue the server's certificate.</summary>
    /// <value>Defaults to the system's trust store.</value>
    public string? CertificateAuthority { get; set; }

    /// <summary>The client certificate, followed by intermediate certificates, if any.</summary>
    /// <value>The default is none. Requires <see cref="Key"/>.</value>
    public string? Certificate { get; set; }

    /// <summary>The private key of <see cref="Certificate"/>, not encrypted. A secret unless it is a path.</summary>
    /// <value>The default is none.</value>
    public string? Key { get; set; }

    /// <summary>The name that the server's certificate must be valid for.</summary>
    /// <value>The default is the host in the endpoint's address.</value>
    public string? ServerName { get; set; }
}
