using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Flags of an etcd that is secured, and how the test itself gets at it.</summary>
internal sealed class EtcdSecurity
{
    public string Scheme { get; init; } = "http";

    public IReadOnlyList<string> Flags { get; init; } = [];

    /// <summary>What the test shows to a server that wants client certificates.</summary>
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
            // Some tests give the server another name; whom it was issued by is enough here.
            handler.SslOptions.RemoteCertificateValidationCallback = (_, _, _, errors) =>
                errors is SslPolicyErrors.None or SslPolicyErrors.RemoteCertificateNameMismatch;
        }

        return handler;
    }
}
