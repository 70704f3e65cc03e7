using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>TLS options with which a connection to an etcd with a certificate of the authority fails, each invalid in one way.</summary>
internal static class WrongTls
{
    public static EtcdTlsOptions Of(TestAuthority authority, string fault)
    {
        var tls = authority.Tls(authority.Issue("client"));
        switch (fault)
        {
            case "expired client":
                return authority.Tls(authority.Issue("old", notAfter: DateTimeOffset.UtcNow.AddDays(-1)));
            case "client of another authority":
                using (var other = new TestAuthority("other"))
                {
                    (tls.Certificate, tls.Key) = (authority.PathOf("stranger.pem"), authority.PathOf("stranger.key"));
                    other.Issue("stranger").CopyTo(tls.Certificate, tls.Key);
                    return tls;
                }

            case "no client certificate":
                (tls.Certificate, tls.Key) = (null, null);
                return tls;
            case "another authority":
                using (var other = new TestAuthority("other"))
                {
                    tls.CertificateAuthority = authority.Write("other.pem", other.Pem);
                    return tls;
                }

            case "system authorities":
                tls.CertificateAuthority = null;
                return tls;
            case "another name":
                tls.ServerName = "etcd-7.dev";
                return tls;
            case "missing file":
                tls.CertificateAuthority = authority.PathOf("missing.pem");
                return tls;
            case "empty file":
                tls.CertificateAuthority = authority.Write("empty.pem", "");
                return tls;
            case "garbage":
                tls.Certificate = authority.Write("garbage.pem", "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n");
                return tls;
            case "another key":
                tls.Key = authority.Issue("another").KeyFile;
                return tls;
            case "no key":
                tls.Key = authority.File;
                return tls;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault), fault, "Unknown fault.");
        }
    }
}
