using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Tool.Doctor;

/// <summary>Checks how long the certificates of an endpoint and of this client are valid.</summary>
internal static class CertificateChecks
{
    private const string Check = "tls";
    private const string ClientSetting = "EtcdDiscovery:Etcd:Tls:Certificate";

    private static readonly TimeSpan Soon = TimeSpan.FromDays(14);

    public static async Task<IReadOnlyList<Finding>> RunAsync(Uri address, EtcdOptions options, CancellationToken cancellationToken)
    {
        var name = EtcdAddress.Display(address);
        if (address.Scheme != Uri.UriSchemeHttps)
        {
            return address.IsLoopback
                ? [Finding.Ok(Check, name, "no TLS, but the connection stays on this machine")]
                : [Finding.Warning(Check, name, "no TLS: passwords and entries are sent as plain text", "enable TLS in etcd, and use https:// in EtcdDiscovery:Etcd:Endpoints")];
        }

        try
        {
            var material = TlsMaterial.Read(options.Tls);
            var findings = new List<Finding>();
            if (await ReadCertificateAsync(address, options, material, cancellationToken) is { } server)
            {
                findings.Add(Judge(name, $"the server's certificate {TlsMaterial.Describe(server)}", server, "renew the certificate of this member"));
            }

            if (material.Identity?.TargetCertificate is { } client)
            {
                findings.Add(Judge(name, $"the client certificate {TlsMaterial.Describe(client)}", client, $"renew the certificate in {ClientSetting}"));
            }

            return findings;
        }
        catch (TlsException error)
        {
            return [Finding.Problem(Check, name, error.Message, "correct that setting")];
        }
    }

    private static Finding Judge(string name, string subject, X509Certificate2 certificate, string fix)
    {
        var now = TimeProvider.System.GetUtcNow();
        var days = (certificate.NotAfter.ToUniversalTime() - now.UtcDateTime).TotalDays;
        var valid = $"is valid from {TlsMaterial.Print(certificate.NotBefore)} to {TlsMaterial.Print(certificate.NotAfter)}";
        var left = string.Create(CultureInfo.InvariantCulture, $"{Math.Floor(days)} days left");
        return now > certificate.NotAfter || now < certificate.NotBefore ? Finding.Problem(Check, name, $"{subject} {valid} only", fix)
            : days < Soon.TotalDays ? Finding.Warning(Check, name, $"{subject} {valid}: {left}", fix)
            : Finding.Ok(Check, name, $"{subject} {valid}: {left}");
    }

    /// <summary>Reads the certificate of a server without trusting it, and sends nothing to the server.</summary>
    private static async Task<X509Certificate2?> ReadCertificateAsync(
        Uri address, EtcdOptions options, TlsMaterial material, CancellationToken cancellationToken)
    {
        X509Certificate2? shown = null;
        using var timeout = new CancellationTokenSource(options.RequestTimeout, TimeProvider.System);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(address.DnsSafeHost, address.Port, linked.Token);
            await using var stream = new SslStream(client.GetStream());
            await stream.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = string.IsNullOrEmpty(options.Tls.ServerName) ? address.DnsSafeHost : options.Tls.ServerName,
                    ClientCertificateContext = material.Identity,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    // The endpoint check verifies the certificate. This check shows the dates even of an untrusted one.
                    RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                    {
                        shown = certificate is null ? null : new X509Certificate2(certificate);
                        return false;
                    },
                },
                linked.Token);
        }
        catch (Exception error) when (error is AuthenticationException or IOException or SocketException or OperationCanceledException)
        {
            // The endpoint check reports why the endpoint cannot be reached.
        }

        return shown;
    }
}
