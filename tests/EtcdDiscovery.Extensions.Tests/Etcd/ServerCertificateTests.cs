using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>Validation of server certificates: which are accepted, and the errors for the others.</summary>
public sealed class ServerCertificateTests : IDisposable
{
    private const string ForServers = "1.3.6.1.5.5.7.3.1";
    private const string ForClients = "1.3.6.1.5.5.7.3.2";

    // The error once the handshake has succeeded, because the test server then closes the connection.
    private const string Accepted = "after the TLS handshake";

    private readonly X509Certificate2 _root = Issue("root", null, isAuthority: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _root.Dispose();

    [Theory]
    [InlineData("etcd", "127.0.0.1", ForServers, Accepted)]
    [InlineData("etcd", "127.0.0.1", null, Accepted)]
    [InlineData("etcd", "127.0.0.1", ForClients, "the server's certificate 'CN=etcd' cannot be used: NotValidForUsage")]
    [InlineData("127.0.0.1", null, ForServers, "the server's certificate 'CN=127.0.0.1' has no subject alternative names; reissue it with one for '127.0.0.1'")]
    [InlineData("127.0.0.1", "other.dev", ForServers, "the server's certificate 'CN=127.0.0.1' is for 'other.dev', not for '127.0.0.1'")]
    [InlineData("etcd", "127.0.0.2", ForServers, "the server's certificate 'CN=etcd' is for '127.0.0.2', not for '127.0.0.1'")]
    public async Task Certificate_IssuedByTheRoot_MustMatchTheHostAndServerUsage(string name, string? host, string? usage, string expected)
    {
        using var certificate = Issue(name, _root, host, usage);

        Assert.Contains(expected, await ErrorAsync(certificate, [], _root.ExportCertificatePem()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_SelfSigned_IsRejectedUnlessItIsTheAuthority()
    {
        using var certificate = Issue("etcd", null, "127.0.0.1", ForServers);

        Assert.Contains("whose authority is not in", await ErrorAsync(certificate, [], _root.ExportCertificatePem()), StringComparison.Ordinal);
        Assert.Contains(Accepted, await ErrorAsync(certificate, [], certificate.ExportCertificatePem()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_IssuedByAnIntermediate_NeedsItFromTheServerOrTheFile()
    {
        using var intermediate = Issue("intermediate", _root, isAuthority: true);
        using var certificate = Issue("etcd", intermediate, "127.0.0.1", ForServers);
        var (root, second) = (_root.ExportCertificatePem(), intermediate.ExportCertificatePem());

        Assert.Contains(Accepted, await ErrorAsync(certificate, [intermediate], root), StringComparison.Ordinal);
        Assert.Contains(Accepted, await ErrorAsync(certificate, [], $"{second}\n{root}"), StringComparison.Ordinal);
        Assert.Contains("was issued by 'CN=intermediate', whose authority is not in", await ErrorAsync(certificate, [], root), StringComparison.Ordinal);
        Assert.Contains("('CN=intermediate'), which must also contain the root", await ErrorAsync(certificate, [], second), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Certificate_WithAnIssuerUrl_CausesNoRequestToIt(bool hasAuthority)
    {
        using var issuerServer = new TcpListener(IPAddress.Loopback, 0);
        issuerServer.Start();
        using var intermediate = Issue("intermediate", _root, isAuthority: true);
        using var certificate = Issue("etcd", intermediate, "127.0.0.1", ForServers, issuerUrl: $"http://{issuerServer.LocalEndpoint}/intermediate.crt");

        var error = await ErrorAsync(certificate, [], hasAuthority ? _root.ExportCertificatePem() : null);

        Assert.Contains("was issued by 'CN=intermediate', whose authority is not in", error, StringComparison.Ordinal);
        Assert.False(issuerServer.Pending());
    }

    [Fact]
    public async Task Certificate_IssuedByAnExpiredIntermediate_ErrorSaysSo()
    {
        using var intermediate = Issue("intermediate", _root, isAuthority: true, notAfter: DateTimeOffset.UtcNow.AddDays(-1));
        using var certificate = Issue("etcd", intermediate, "127.0.0.1", ForServers);

        Assert.Contains(
            "the authority 'CN=intermediate' that the server presented is valid only from",
            await ErrorAsync(certificate, [intermediate], _root.ExportCertificatePem()),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_AuthorityInABundleWithWindowsLineEndings_IsAccepted()
    {
        using var other = Issue("other", null, isAuthority: true);
        using var certificate = Issue("etcd", _root, "127.0.0.1", ForServers);
        var bundle = $"# trusted authorities\n{other.ExportCertificatePem()}\n\n{_root.ExportCertificatePem()}\n".ReplaceLineEndings("\r\n");

        Assert.Contains(Accepted, await ErrorAsync(certificate, [], bundle), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Handshake_OffersTls12AndNewerOnly()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var store = EtcdStores.Create(new EtcdOptions { Endpoints = [$"https://{listener.LocalEndpoint}"] });
        var reading = Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([StoreRange.Exact("/a")], Token));

        using var connection = await listener.AcceptTcpClientAsync(Token);
        var hello = new byte[4_096];
        var length = await connection.GetStream().ReadAtLeastAsync(hello, 5, cancellationToken: Token);
        length += await connection.GetStream().ReadAtLeastAsync(
            hello.AsMemory(length), Math.Max(0, 5 + (hello[3] << 8) + hello[4] - length), cancellationToken: Token);
        connection.Close();
        await reading;

        Assert.Equal([0x0304, 0x0303], VersionsOf(hello.AsSpan(0, length)).OrderDescending());
    }

    private static async Task<string> ErrorAsync(X509Certificate2 certificate, X509Certificate2Collection intermediate, string? authority)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var store = EtcdStores.Create(new EtcdOptions
        {
            Endpoints = [$"https://{listener.LocalEndpoint}"],
            Tls = new() { CertificateAuthority = authority },
            ConnectTimeout = TimeSpan.FromSeconds(20),
            RequestTimeout = TimeSpan.FromSeconds(20),
        });
        var reading = Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([StoreRange.Exact("/a")], Token));
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, intermediate, offline: true),
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        };
        await using var secured = new SslStream((await listener.AcceptTcpClientAsync(Token)).GetStream());
        await Record.ExceptionAsync(() => secured.AuthenticateAsServerAsync(options, Token));
        await secured.DisposeAsync();
        return (await reading).Message;
    }

    // RFC 8446, 4.1.2 and 4.2.1: skips the record and message headers and reads up to the extension "supported_versions".
    private static List<int> VersionsOf(ReadOnlySpan<byte> hello)
    {
        var at = 5 + 4 + 2 + 32;
        at += 1 + hello[at];
        at += 2 + (hello[at] << 8) + hello[at + 1];
        at += 1 + hello[at] + 2;
        while ((hello[at] << 8) + hello[at + 1] != 43)
        {
            at += 4 + (hello[at + 2] << 8) + hello[at + 3];
        }

        var versions = new List<int>();
        for (var i = 0; i < hello[at + 4]; i += 2)
        {
            versions.Add((hello[at + 5 + i] << 8) + hello[at + 6 + i]);
        }

        return versions;
    }

    private static X509Certificate2 Issue(
        string name, X509Certificate2? issuer, string? host = null, string? usage = null, bool isAuthority = false, DateTimeOffset? notAfter = null,
        string? issuerUrl = null)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isAuthority, false, 0, true));
        if (usage is not null)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(usage)], false));
        }

        if (issuerUrl is not null)
        {
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension(null, [issuerUrl]));
        }

        if (host is not null)
        {
            var names = new SubjectAlternativeNameBuilder();
            if (IPAddress.TryParse(host, out var address))
            {
                names.AddIpAddress(address);
            }
            else
            {
                names.AddDnsName(host);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-3), notAfter ?? DateTimeOffset.UtcNow.AddDays(1));
        if (issuer is null)
        {
            return request.CreateSelfSigned(from, to);
        }

        var signing = X509SignatureGenerator.CreateForECDsa(issuer.GetECDsaPrivateKey()!);
        using var issued = request.Create(issuer.SubjectName, signing, from, to, RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }
}
