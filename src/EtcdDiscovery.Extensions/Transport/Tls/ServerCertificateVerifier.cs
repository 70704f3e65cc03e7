using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>Verifies a server's certificate, and explains why a certificate is rejected.</summary>
internal static class ServerCertificateVerifier
{
    private const int MaxNames = 10;

    /// <returns>The reason; null if the certificate is valid.</returns>
    public static string? Explain(
        X509Certificate? shown, X509Chain? chain, SslPolicyErrors errors, string name, TlsMaterial material)
    {
        if (shown is not X509Certificate2 certificate || chain is null)
        {
            return "the server presented no certificate";
        }

        // .NET falls back to the common name if there is no alternative name; Go, etcdctl and RFC 9525 do not.
        if (errors == SslPolicyErrors.None && certificate.MatchesHostname(AsciiOf(name), allowCommonName: false))
        {
            return null;
        }

        var server = $"the server's certificate {TlsMaterial.Describe(certificate)}";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            return ExplainChain(server, certificate, chain, material);
        }

        var host = LogSanitizer.Sanitize(name);
        return NamesOf(certificate) is { Count: > 0 } names
            ? $"{server} is for {string.Join(", ", names)}, not for '{host}'; if that is the right server, set "
                + $"{EtcdDiscoveryOptions.SectionName}:Etcd:Tls:ServerName"
            : $"{server} has no subject alternative names; reissue it with one for '{host}'";
    }

    private static string ExplainChain(string server, X509Certificate2 certificate, X509Chain chain, TlsMaterial material)
    {
        var outdated = chain.ChainElements.FirstOrDefault(
            element => element.ChainElementStatus.Any(status => status.Status == X509ChainStatusFlags.NotTimeValid));
        if (outdated is not null)
        {
            var subject = outdated.Certificate.Thumbprint == certificate.Thumbprint
                ? server
                : $"the authority {TlsMaterial.Describe(outdated.Certificate)} {OriginOf(outdated.Certificate, material)}";
            return $"{subject} is valid only from {TlsMaterial.Print(outdated.Certificate.NotBefore)} "
                + $"to {TlsMaterial.Print(outdated.Certificate.NotAfter)}";
        }

        var statuses = chain.ChainStatus.Select(status => status.Status).ToList();
        if (statuses.Any(status => status is X509ChainStatusFlags.PartialChain or X509ChainStatusFlags.UntrustedRoot))
        {
            var authorities = material.Authorities is { } own ? $" ({string.Join(", ", own.Take(MaxNames).Select(TlsMaterial.Describe))})" : "";
            return $"{server} was issued by '{LogSanitizer.Sanitize(certificate.Issuer)}', whose authority is not in {material.AuthorityOrigin}{authorities}"
                + (HasNoRoot(material) ? ", which must also contain the root" : "");
        }

        return $"{server} cannot be used: {string.Join(", ", statuses)}";
    }

    private static string OriginOf(X509Certificate2 authority, TlsMaterial material) => material.Authorities?.Contains(authority) == false
        ? "that the server presented"
        : $"from {material.AuthorityOrigin}";

    private static bool HasNoRoot(TlsMaterial material) =>
        material.Authorities is { } own && own.All(authority => authority.Subject != authority.Issuer);

    private static string AsciiOf(string name) => Ascii.IsValid(name) ? name : new IdnMapping().GetAscii(name);

    private static List<string> NamesOf(X509Certificate2 certificate) =>
    [
        .. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>()
            .SelectMany(names => names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())))
            .Take(MaxNames)
            .Select(name => $"'{LogSanitizer.Sanitize(name)}'"),
    ];
}
