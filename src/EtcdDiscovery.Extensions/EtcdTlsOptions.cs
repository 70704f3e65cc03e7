namespace EtcdDiscovery;

/// <summary>How connections to <c>https</c> endpoints of etcd are secured. Configuration section <c>EtcdDiscovery:Etcd:Tls</c>.</summary>
/// <remarks>
/// <para>
/// Certificates and keys are each the path of a file, the PEM text itself, or that text in base64. Files are read for every
/// new connection, so certificates can be replaced while the application runs.
/// </para>
/// <para>TLS 1.2 and newer. The server's certificate and its name are always verified; no setting turns that off.</para>
/// </remarks>
public sealed class EtcdTlsOptions
{
    /// <summary>The certificates of the authorities that may have issued the server's certificate.</summary>
    /// <value>Without any, those that the operating system trusts.</value>
    public string? CertificateAuthority { get; set; }

    /// <summary>The certificate that this application shows to etcd, followed by those between it and the authority, if any.</summary>
    /// <value>The default is none. Needs <see cref="Key"/>.</value>
    public string? Certificate { get; set; }

    /// <summary>The private key of <see cref="Certificate"/>, not encrypted. A secret unless it is a path.</summary>
    /// <value>The default is none.</value>
    public string? Key { get; set; }

    /// <summary>The name that the server's certificate has to be for.</summary>
    /// <value>The default is the host in the endpoint's address.</value>
    public string? ServerName { get; set; }
}
