using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>Certificates and names with which no etcd of an authority is reached, each wrong in one way.</summary>
internal static class WrongTls
{
    public static EtcdTlsOptions Of(TestAuthority authority, string what)
    {
        var good = authority.Tls(authority.Issue("client"));
        switch (what)
        {
            case "expired client":
                return authority.Tls(authority.Issue("old", notAfter: DateTimeOffset.UtcNow.AddDays(-1)));
            case "client of another authority":
                using (var other = new TestAuthority("other"))
                {
                    (good.Certificate, good.Key) = (authority.PathOf("stranger.pem"), authority.PathOf("stranger.key"));
                    other.Issue("stranger").CopyTo(good.Certificate, good.Key);
                    return good;
                }

            case "no client certificate":
                (good.Certificate, good.Key) = (null, null);
                return good;
            case "another authority":
                using (var other = new TestAuthority("other"))
                {
                    good.CertificateAuthority = authority.Write("other.pem", other.Pem);
                    return good;
                }

            case "system authorities":
                good.CertificateAuthority = null;
                return good;
            case "another name":
                good.ServerName = "etcd-7.dev";
                return good;
            case "missing file":
                good.CertificateAuthority = authority.PathOf("missing.pem");
                return good;
            case "empty file":
                good.CertificateAuthority = authority.Write("empty.pem", "");
                return good;
            case "garbage":
                good.Certificate = authority.Write("garbage.pem", "-----BEGIN CERTIFICATE-----\nZ2FyYmFnZQ==\n-----END CERTIFICATE-----\n");
                return good;
            case "another key":
                good.Key = authority.Issue("another").KeyFile;
                return good;
            case "no key":
                good.Key = authority.File;
                return good;
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "No such mistake.");
        }
    }
}
