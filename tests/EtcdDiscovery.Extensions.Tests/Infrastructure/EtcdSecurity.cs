using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The flags of a secured etcd, and the test's own access to it.</summary>
internal sealed class EtcdSecurity
{
    public string Scheme { get; init; } = "http";

    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>The client certificate of the test.</summary>
    public X509Certificate2? Operator { get; init; }

    public X509Certificate2? Authority { get; init; }

    public SocketsHttpHandler NewHandler()
    {
        var handler = new SocketsHttpHandler();
        if (Operator is not null)
        {
            handler.SslOptions.ClientCertificates = [Operator];
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                CustomTrustStore = { Authority! },
            };
            // Some tests use another server name, so only the issuer is checked.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) =>
                errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNameMismatch;
        }

        return handler;
    }
}
