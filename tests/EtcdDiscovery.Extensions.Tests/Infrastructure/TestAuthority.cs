using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A certificate with its key, in memory and as two files.</summary>
internal sealed record TestIdentity(X509Certificate2 Certificate, string CertificateFile, string KeyFile)
{
    public string CertificatePem => Certificate.ExportCertificatePem();

    public string KeyPem => Certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();

    /// <summary>Overwrites other certificate files with these, as a rotation does.</summary>
    public void CopyTo(string certificateFile, string keyFile)
    {
        File.Copy(CertificateFile, certificateFile, overwrite: true);
        File.Copy(KeyFile, keyFile, overwrite: true);
    }
}

/// <summary>A certificate authority with a directory that is deleted at the end.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly string[] Both = ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"];

    private int _issued;

    public TestAuthority(string name = "test authority", DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddYears(-2), notAfter ?? DateTimeOffset.UtcNow.AddYears(1));
        System.IO.File.WriteAllText(File, Pem);
    }

    public X509Certificate2 Certificate { get; }

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("etcd-test-certificates-");

    public string File => PathOf("authority.pem");

    public string Pem => Certificate.ExportCertificatePem();

    public string PathOf(string file) => Path.Combine(Directory.FullName, file);

    /// <summary>Issues a certificate for servers and clients.</summary>
    /// <param name="name">The common name of the subject.</param>
    /// <param name="hosts">The host names; loopback by default.</param>
    /// <param name="notAfter">The end of validity; a day from now by default.</param>
    public TestIdentity Issue(string name, IReadOnlyList<string>? hosts = null, DateTimeOffset? notAfter = null)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. Both.Select(use => new Oid(use))], false));
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts ?? ["localhost", "127.0.0.1"])
        {
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }
        }

        request.CertificateExtensions.Add(names.Build());
        var serial = BitConverter.GetBytes(Interlocked.Increment(ref _issued));
        using var issued = request.Create(Certificate, DateTimeOffset.UtcNow.AddYears(-1), notAfter ?? DateTimeOffset.UtcNow.AddDays(1), serial);
        var identity = new TestIdentity(issued.CopyWithPrivateKey(key), PathOf($"{name}-{_issued}.pem"), PathOf($"{name}-{_issued}.key"));
        System.IO.File.WriteAllText(identity.CertificateFile, identity.CertificatePem);
        System.IO.File.WriteAllText(identity.KeyFile, identity.KeyPem);
        return identity;
    }

    /// <summary>Starts an etcd with a certificate of this authority that requires client certificates.</summary>
    public Task<EtcdServer> StartEtcdAsync(EtcdVersion version, IReadOnlyList<string>? hosts = null)
    {
        var server = Issue("etcd", hosts);
        return EtcdServer.StartAsync(SharedEtcd.BinaryOf(version), new EtcdSecurity
        {
            Scheme = "https",
            Flags = ["--cert-file", server.CertificateFile, "--key-file", server.KeyFile, "--trusted-ca-file", File, "--client-cert-auth"],
            Authority = Certificate,
            Operator = Issue("operator").Certificate,
        });
    }

    /// <summary>Writes a file into the directory of the certificates.</summary>
    /// <returns>The path of the file.</returns>
    public string Write(string file, string text)
    {
        System.IO.File.WriteAllText(PathOf(file), text);
        return PathOf(file);
    }

    public void Dispose() => Directory.Delete(recursive: true);
}
