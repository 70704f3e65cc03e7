using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>Connects to etcd: in plain text for <c>http</c>, and with the current certificates for <c>https</c>.</summary>
/// <param name="options">The certificates.</param>
/// <param name="timeProvider">The clock for the expiry of certificates.</param>
/// <param name="prepare">Sets protocol-specific socket options before connecting.</param>
internal sealed class TlsConnector(EtcdTlsOptions options, TimeProvider timeProvider, Action<Socket>? prepare = null)
{
    // An explicit list has to be updated for new versions, but it excludes versions below 1.2 whatever the operating system allows.
    private const SslProtocols Versions = SslProtocols.Tls12 | SslProtocols.Tls13;

    private volatile string? _refusal;

    /// <summary>Why the latest connection ended before the server sent anything; null if it did not.</summary>
    /// <remarks>More precise than the error of the HTTP stack, because it names the certificates.</remarks>
    public string? Refusal => _refusal;

    /// <summary>
    /// Connects for <see cref="SocketsHttpHandler.ConnectCallback"/>, which does not add TLS to a stream that already has it.
    /// </summary>
    /// <exception cref="TlsException">The TLS connection failed; the message says why.</exception>
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
                "the server closed the connection before it sent anything; if etcd expects TLS, use https://"))
            : await SecureAsync(socket, request, context.DnsEndPoint.Host, material, cancellationToken).ConfigureAwait(false);
    }

    private async Task<Stream> SecureAsync(
        Socket socket, HttpRequestMessage request, string host, TlsMaterial material, CancellationToken cancellationToken)
    {
        string? verdict = null;
        var name = string.IsNullOrEmpty(options.ServerName) ? host : options.ServerName;
        var tlsOptions = TlsOptionsFor(name, material, request.Version.Major >= 2 ? SslApplicationProtocol.Http2 : SslApplicationProtocol.Http11);
        tlsOptions.RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
            (verdict = ServerCertificateVerifier.Explain(shown, chain, errors, name, material)) is null;
        var firstResponse = new FirstResponse(Report, reason =>
            $"the server refused the connection after the TLS handshake ({reason}); {material.DescribeIdentity(timeProvider.GetUtcNow())}");
        var stream = new MonitoredSslStream(new NetworkStream(socket, ownsSocket: true), firstResponse);
        try
        {
            await stream.AuthenticateAsClientAsync(tlsOptions, cancellationToken).ConfigureAwait(false);
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
        + "if etcd does not use TLS, use http://";

    private void Report(string? refusal) => _refusal = refusal;

    private static SslClientAuthenticationOptions TlsOptionsFor(string name, TlsMaterial material, SslApplicationProtocol protocol) => new()
    {
        TargetHost = name,
        EnabledSslProtocols = Versions,
        ApplicationProtocols = [protocol],
        ClientCertificateContext = material.Identity,
        CertificateChainPolicy = Trust(material.Authorities),
        // A resumed session would use the previous certificates.
        AllowTlsResume = false,
    };

    private static X509ChainPolicy Trust(X509Certificate2Collection? authorities)
    {
        var policy = new X509ChainPolicy
        {
            RevocationMode = X509RevocationMode.NoCheck,
            // A download would use a URL from a certificate that is not verified yet.
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
