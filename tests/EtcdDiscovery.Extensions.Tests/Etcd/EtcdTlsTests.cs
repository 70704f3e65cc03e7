using System.Text;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Transport;
using EtcdDiscovery.Transport.Tls;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>Mutual TLS with a real etcd.</summary>
public sealed class EtcdTlsTests : IDisposable
{
    private static readonly StoreRange Everything = StoreRange.Prefix("/");

    private readonly TestAuthority _authority = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First, "path")]
    [InlineData(EtcdVersion.First, "PEM")]
    [InlineData(EtcdVersion.First, "base64")]
    [InlineData(EtcdVersion.Second, "path")]
    public async Task MutualTls_CertificatesInAnyForm_SupportsAllOperations(EtcdVersion version, string form)
    {
        await using var server = await _authority.StartEtcdAsync(version);
        var client = _authority.Issue("client");
        await using var store = Create(server.Endpoint, form switch
        {
            "path" => _authority.Tls(client),
            "PEM" => new() { CertificateAuthority = _authority.Pem, Certificate = client.CertificatePem, Key = client.KeyPem },
            _ => new() { CertificateAuthority = Base64(_authority.Pem), Certificate = Base64(client.CertificatePem), Key = Base64(client.KeyPem) },
        });

        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await using var watch = new StoreWatch(store, (await store.ReadAsync([Everything], Token)).Revision, Everything);
        await session.TryPutAsync([new StorePut("/a", "1"u8.ToArray())], Token);
        await session.RenewAsync(Token);

        Assert.Equal("/a", Assert.Single((await watch.NextAsync()).Events).Key);
        await session.CloseAsync(Token);
    }

    [Fact]
    public async Task Host_WithMutualTls_UsesRotatedCertificates()
    {
        await using var server = await _authority.StartEtcdAsync(EtcdVersion.First);
        var (certificate, key) = (_authority.PathOf("client.pem"), _authority.PathOf("client.key"));
        _authority.Issue("first", notAfter: DateTimeOffset.UtcNow.AddHours(1)).CopyTo(certificate, key);
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings("shop"))
        {
            ["TimeToLive"] = "00:10:00",
            ["Etcd:Tls:CertificateAuthority"] = _authority.File,
            ["Etcd:Tls:Certificate"] = certificate,
            ["Etcd:Tls:Key"] = key,
        });

        // An open connection does not notice the change. The restart of etcd closes it, so the next handshake uses the new file.
        _authority.Issue("expired", notAfter: DateTimeOffset.UtcNow.AddDays(-1)).CopyTo(certificate, key);
        Assert.Equal(HealthStatus.Healthy, (await host.CheckAsync()).Status);
        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Logs.Lines.Any(line => line.Message.Contains("'CN=expired'", StringComparison.Ordinal)
                && line.Message.Contains($"file '{certificate}', which expired on", StringComparison.Ordinal))),
            "the error names the subject, the file and the reason");

        _authority.Issue("second").CopyTo(certificate, key);
        await Eventually.TrueAsync(() => ResolvesNewServiceAsync(host, server), "the new certificate is used without a restart");
        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    [Theory]
    [InlineData("expired client", "'CN=old' from file '{0}/old-")]
    [InlineData("client of another authority", "the client certificate was 'CN=stranger' from file ")]
    [InlineData("no client certificate", "no client certificate was presented, because EtcdDiscovery:Etcd:Tls:Certificate is not set")]
    [InlineData("another authority", "the server's certificate 'CN=etcd' was issued by 'CN=test authority', whose authority is not in file '{0}/other.pem' ('CN=other')")]
    [InlineData("system authorities", "whose authority is not in the operating system's store")]
    [InlineData("another name", "the server's certificate 'CN=etcd' is for 'localhost', '127.0.0.1', not for 'etcd-7.dev'")]
    [InlineData("missing file", "EtcdDiscovery:Etcd:Tls:CertificateAuthority: file '{0}/missing.pem' cannot be read: it does not exist")]
    [InlineData("empty file", "EtcdDiscovery:Etcd:Tls:CertificateAuthority: file '{0}/empty.pem' contains no certificate in PEM form")]
    [InlineData("garbage", "EtcdDiscovery:Etcd:Tls:Certificate: file '{0}/garbage.pem' contains an unreadable certificate")]
    [InlineData("another key", "' does not contain the private key of 'CN=client' from file '")]
    [InlineData("no key", "/authority.pem' does not contain an unencrypted private key in PEM form")]
    public async Task Certificate_Invalid_ErrorNamesFileSubjectAndReason(string fault, string expected)
    {
        await using var server = await _authority.StartEtcdAsync(EtcdVersion.First);
        await using var store = Create(server.Endpoint, WrongTls.Of(_authority, fault));

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Everything], Token));

        Assert.StartsWith($"Etcd at {server.Endpoint}: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(string.Format(null, expected, _authority.Directory.FullName), error.Message, StringComparison.Ordinal);
        // Transient, because certificates are rotated automatically.
        Assert.True(error.IsTransient);
        Assert.DoesNotContain("PRIVATE KEY", error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?", "contains no certificate in PEM form")]
    [InlineData("Z2FyYmFnZQ==", "contains an unreadable certificate")]
    public void CertificateAuthority_InvalidText_ErrorNamesTheSettingOnce(string body, string expected)
    {
        var options = new EtcdTlsOptions { CertificateAuthority = $"-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----" };

        var error = Assert.Throws<TlsException>(() => TlsMaterial.Read(options));

        Assert.Equal($"EtcdDiscovery:Etcd:Tls:CertificateAuthority {expected}.", error.Message);
    }

    [Theory]
    [InlineData("server")]
    [InlineData("authority")]
    public async Task Server_WithAnExpiredCertificate_IsRejectedWithTheDates(string expiredPart)
    {
        var expired = DateTimeOffset.UtcNow.AddDays(-3);
        using var authority = new TestAuthority("authority", expiredPart == "authority" ? expired : null);
        var identity = authority.Issue("etcd", notAfter: expired);
        await using var server = await StartSecuredAsync(identity.Certificate);
        await using var store = Create(server.Endpoint, new() { CertificateAuthority = authority.File });

        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Everything], Token));

        Assert.Contains("the server's certificate 'CN=etcd' is valid only from ", error.Message, StringComparison.Ordinal);
        Assert.Contains($"{expired.UtcDateTime:yyyy-MM-dd}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ServerName_Configured_ReplacesTheAddressInValidation()
    {
        await using var server = await _authority.StartEtcdAsync(EtcdVersion.First, ["etcd-7.dev"]);
        var client = _authority.Issue("client");
        await using var named = Create(server.Endpoint, _authority.Tls(client, "etcd-7.dev"));
        await using var unnamed = Create(server.Endpoint, _authority.Tls(client));

        await named.ReadAsync([Everything], Token);
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => unnamed.ReadAsync([Everything], Token));

        Assert.Contains("is for 'etcd-7.dev', not for '127.0.0.1'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scheme_Wrong_ErrorNamesTheRightOne()
    {
        await using var secured = await _authority.StartEtcdAsync(EtcdVersion.First);
        await using var plain = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var tlsToPlain = Create(plain.Endpoint.Replace("http:", "https:", StringComparison.Ordinal), _authority.Tls(_authority.Issue("client")));
        await using var plainToTls = Create(secured.Endpoint.Replace("https:", "http:", StringComparison.Ordinal), new());

        var first = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => tlsToPlain.ReadAsync([Everything], Token));
        var second = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => plainToTls.ReadAsync([Everything], Token));

        Assert.Contains("if etcd does not use TLS, use http://", first.Message, StringComparison.Ordinal);
        Assert.Contains("if etcd expects TLS, use https://", second.Message, StringComparison.Ordinal);
        Assert.True(first.IsTransient && second.IsTransient);
    }

    [Fact]
    public async Task Health_FilesMissing_IsUnhealthyUntilTheyExist()
    {
        await using var server = await _authority.StartEtcdAsync(EtcdVersion.First);
        var client = _authority.Issue("client");
        var late = _authority.PathOf("late.pem");
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings("shop"))
        {
            ["Etcd:Tls:CertificateAuthority"] = _authority.File,
            ["Etcd:Tls:Certificate"] = late,
            ["Etcd:Tls:Key"] = client.KeyFile,
        });

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains($"file '{late}' cannot be read", StringComparison.Ordinal),
            "the health check names the file");
        Assert.Equal(HealthStatus.Unhealthy, (await host.CheckAsync()).Status);
        File.Copy(client.CertificateFile, late);

        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static EtcdStore Create(string endpoint, EtcdTlsOptions tls) =>
        EtcdStores.Create(new EtcdOptions { Endpoints = [endpoint], Tls = tls });

    private static Task<GrpcTestServer> StartSecuredAsync(System.Security.Cryptography.X509Certificates.X509Certificate2 certificate) =>
        GrpcTestServer.StartAsync(context => GrpcTestServer.FailAsync(context, 3, "reached"), certificate: certificate);

    private static async Task<bool> ResolvesNewServiceAsync(DiscoveryHost host, EtcdServer server)
    {
        var name = UniqueName.Of("other");
        await server.PutAsync($"/services/{name}/1", """{"name":"h"}""");
        return await host.CountAsync(name) == 1;
    }
}
