using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>Connects to an etcd: in plain for <c>http</c>, and for <c>https</c> with the certificates as they are at that moment.</summary>
/// <param name="options">The certificates.</param>
/// <param name="timeProvider">The clock that certificates expire by.</param>
/// <param name="prepare">Sets what else a protocol wants of its sockets, before they connect.</param>
internal sealed class TlsConnector(EtcdTlsOptions options, TimeProvider timeProvider, Action<Socket>? prepare = null)
{
    // Hand-picked versions age, but nothing below 1.2 may ever be agreed on, whatever the operating system allows.
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private volatile string? _refusal;

    /// <summary>Why the latest connection ended before the server said a word; null when it did not.</summary>
    /// <remarks>Better than what the HTTP stack makes of that: it names the certificates.</remarks>
    public string? Refusal => _refusal;

    /// <summary>For <see cref="SocketsHttpHandler.ConnectCallback"/>, which takes a secured stream as it is.</summary>
    /// <exception cref="TlsException">There is no secured connection, and the message says why.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var request = context.InitialRequestMessage;
        var material = request.RequestUri!.Scheme == Uri.UriSchemeHttps ? TlsMaterial.Read(options) : null;
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            prepare?.Invoke(socket);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        return material is null
            ? new MonitoredNetworkStream(socket, new FirstResponse(Report, _ =>
                "the server closed the connection before it said anything; for an etcd that expects TLS write https://"))
            : await SecureAsync(socket, request, context.DnsEndPoint.Host, material, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Stream> SecureAsync(
        Socket socket, HttpRequestMessage request, string host, TlsMaterial material, CancellationToken cancellationToken)
    {
        string? verdict = null;
        var name = string.IsNullOrEmpty(options.ServerName) ? host : options.ServerName;
        var terms = TermsFor(name, material, request.Version.Major >= 2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11);
        terms.RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
            (verdict = ServerCertificateVerifier.Explain(shown, chain, errors, name, material)) is null;
        var firstWord = new FirstResponse(Report, reason =>
            $"the server refused the connection after the TLS handshake ({reason}); {material.DescribeIdentity(timeProvider.GetUtcNow())}");
        var stream = new MonitoredSslStream(new NetworkStream(socket, ownsSocket: true), firstWord);
        try
        {
            await stream.AuthenticateAsClientAsync(terms, cancellationToken).ConfigureAwait(false);
            return stream;
        }
        catch (Exception error)
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            if (error is OperationCanceledException)
            {
                throw;
            }

            throw new TlsException(verdict ?? ExplainHandshake(error, material), error);
        }
    }

    private string ExplainHandshake(Exception error, TlsMaterial material) =>
        $"the TLS handshake failed ({FirstResponse.Innermost(error)}); {material.DescribeIdentity(timeProvider.GetUtcNow())}; "
        + "for an etcd without TLS write http://";

    private void Report(string? refusal) => _refusal = refusal;

    private static SslClientAuthenticationOptions TermsFor(string name, TlsMaterial material, SslApplicationProtocol protocol) => new()
    {
        TargetHost = name,
        EnabledSslProtocols = Versions,
        ApplicationProtocols = [protocol],
        ClientCertificateContext = material.Identity,
        CertificateChainPolicy = Trust(material.Authorities),
        // A resumed session would go by certificates of before.
        AllowTlsResume = false,
    };

    private static X509ChainPolicy Trust(X509Certificate2Collection? authorities)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            // They would come from URLs in a certificate that is not verified yet.
            DisableCertificateDownloads = true,
        };
        if (authorities is not null)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(authorities);
        }

        return policy;
    }
}
