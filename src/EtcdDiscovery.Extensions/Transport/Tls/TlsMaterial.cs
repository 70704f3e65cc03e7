using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>The certificates for one handshake, read from the settings when it starts.</summary>
internal sealed class TlsMaterial
{
    private const string Section = $"{EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Etcd)}:{nameof(EtcdOptions.Tls)}";

    private readonly X509Certificate2? _certificate;
    private readonly string? _certificateOrigin;

    private TlsMaterial((PemSetting? Authority, PemSetting? Certificate, PemSetting? Key) settings)
    {
        var (authority, certificate, key) = settings;
        if (authority is not null)
        {
            Authorities = ReadCertificates(authority);
            AuthorityOrigin = authority.Origin;
        }

        if (certificate is not null && key is not null)
        {
            var chain = ReadCertificates(certificate);
            _certificateOrigin = certificate.Origin;
            _certificate = ReadKey(chain[0], certificate, key);
            chain.RemoveAt(0);
            Identity = SslStreamCertificateContext.Create(_certificate, chain, offline: true);
        }
    }

    /// <summary>The authorities that may issue the server's certificate; null for the operating system's trust store.</summary>
    public X509Certificate2Collection? Authorities { get; }

    public string AuthorityOrigin { get; } = "the operating system's store";

    /// <summary>The client certificate; null if there is none.</summary>
    public SslStreamCertificateContext? Identity { get; }

    /// <summary>Reads all certificates.</summary>
    /// <exception cref="TlsException">A certificate or key cannot be read, or the key does not belong to the certificate.</exception>
    public static TlsMaterial Read(EtcdTlsOptions options) => new(SettingsIn(options));

    /// <summary>The PEM settings that are set.</summary>
    public static IReadOnlyList<PemSetting> SettingsOf(EtcdTlsOptions options)
    {
        var (authority, certificate, key) = SettingsIn(options);
        return [.. new[] { authority, certificate, key }.OfType<PemSetting>()];
    }

    /// <summary>Describes the client certificate, for messages.</summary>
    public string DescribeIdentity(DateTimeOffset now)
    {
        if (_certificate is null)
        {
            return $"no client certificate was presented, because {Section}:{nameof(EtcdTlsOptions.Certificate)} is not set";
        }

        var shown = $"the client certificate was {Describe(_certificate)} from {_certificateOrigin}";
        return now > _certificate.NotAfter ? $"{shown}, which expired on {Print(_certificate.NotAfter)}"
            : now < _certificate.NotBefore ? $"{shown}, which is not valid before {Print(_certificate.NotBefore)}"
            : shown;
    }

    public static string Describe(X509Certificate2 certificate) => $"'{LogSanitizer.Sanitize(certificate.Subject)}'";

    public static string Print(DateTime time) => time.ToUniversalTime().ToString("u", CultureInfo.InvariantCulture);

    private static (PemSetting? Authority, PemSetting? Certificate, PemSetting? Key) SettingsIn(EtcdTlsOptions options) => (
        SettingOf(nameof(options.CertificateAuthority), options.CertificateAuthority),
        SettingOf(nameof(options.Certificate), options.Certificate),
        SettingOf(nameof(options.Key), options.Key));

    private static PemSetting? SettingOf(string name, string? value) => PemSetting.Of($"{Section}:{name}", value);

    private static X509Certificate2Collection ReadCertificates(PemSetting setting)
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(setting.Read());
        }
        catch (CryptographicException)
        {
            throw new TlsException($"{setting.Subject} contains an unreadable certificate.");
        }

        return certificates.Count > 0
            ? certificates
            : throw new TlsException($"{setting.Subject} contains no certificate in PEM form.");
    }

    private static X509Certificate2 ReadKey(X509Certificate2 certificate, PemSetting setting, PemSetting key)
    {
        var text = key.Read();
        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal) || text.Contains("ENCRYPTED", StringComparison.Ordinal))
        {
            throw new TlsException($"{key.Subject} does not contain an unencrypted private key in PEM form.");
        }

        try
        {
            var pair = X509Certificate2.CreateFromPem(certificate.ExportCertificatePem(), text);
            // On Windows, a handshake cannot use an ephemeral key.
            return OperatingSystem.IsWindows()
                ? X509CertificateLoader.LoadPkcs12(pair.Export(X509ContentType.Pkcs12), password: null)
                : pair;
        }
        catch (Exception error) when (error is CryptographicException or ArgumentException)
        {
            // Drops the cause, which might quote the key.
            throw new TlsException(
                $"{key.Subject} does not contain the private key of {Describe(certificate)} from {setting.Origin}.");
        }
    }
}
