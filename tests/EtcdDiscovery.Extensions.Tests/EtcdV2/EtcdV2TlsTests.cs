using EtcdDiscovery.EtcdV2;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Transport;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>The v2 keys API of a real etcd with mutual TLS. The tests of v3 cover the forms of certificates.</summary>
public sealed class EtcdV2TlsTests : IDisposable
{
    private static readonly StoreRange Everything = StoreRange.Prefix("/a/");

    private readonly TestAuthority _authority = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _authority.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task MutualTls_SupportsAllOperations(EtcdVersion version)
    {
        await using var server = await _authority.StartEtcdAsync(SharedEtcd.WithV2(version));
        await using var store = Create(server.Endpoint, _authority.Tls(_authority.Issue("client")));

        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await using var watch = new StoreWatch(store, (await store.ReadAsync([Everything], Token)).Revision, Everything);
        await session.TryPutAsync([new StorePut("/a/1", "1"u8.ToArray())], Token);
        await session.RenewAsync(Token);

        Assert.Equal("/a/1", Assert.Single((await watch.NextAsync()).Events).Key);
        await session.CloseAsync(Token);
        Assert.True(Assert.Single((await watch.NextAsync()).Events).Value is null);
    }

    [Fact]
    public async Task Host_WithMutualTls_UsesRotatedCertificates()
    {
        await using var server = await _authority.StartEtcdAsync(SharedEtcd.WithV2(EtcdVersion.First));
        var (certificate, key) = (_authority.PathOf("client.pem"), _authority.PathOf("client.key"));
        _authority.Issue("first").CopyTo(certificate, key);
        await using var host = await DiscoveryHost.RegisterAsync(new(V2Api.Settings(server, "shop"))
        {
            ["TimeToLive"] = "00:10:00",
            ["Etcd:Tls:CertificateAuthority"] = _authority.File,
            ["Etcd:Tls:Certificate"] = certificate,
            ["Etcd:Tls:Key"] = key,
        });
        await host.WaitForHealthAsync(HealthStatus.Healthy);

        _authority.Issue("expired", notAfter: DateTimeOffset.UtcNow.AddDays(-1)).CopyTo(certificate, key);
        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Logs.Lines.Any(line => line.Message.Contains("'CN=expired'", StringComparison.Ordinal)
                && line.Message.Contains($"file '{certificate}', which expired on", StringComparison.Ordinal))),
            "the error names the subject, the file and the reason");

        _authority.Issue("second").CopyTo(certificate, key);
        await Eventually.TrueAsync(async () => await host.CountAsync(UniqueName.Of("other")) == 0, "the new certificate is used without a restart");
        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    [Theory]
    [InlineData("expired client", "'CN=old' from file '{0}/old-")]
    [InlineData("no client certificate", "no client certificate was presented, because EtcdDiscovery:Etcd:Tls:Certificate is not set")]
    [InlineData("system authorities", "whose authority is not in the operating system's store")]
    [InlineData("another name", "the server's certificate 'CN=etcd' is for 'localhost', '127.0.0.1', not for 'etcd-7.dev'")]
    [InlineData("missing file", "EtcdDiscovery:Etcd:Tls:CertificateAuthority: file '{0}/missing.pem' cannot be read: it does not exist")]
    public async Task Certificate_Invalid_FailsReadsAndWatchesWithTheReason(string fault, string expected)
    {
        await using var server = await _authority.StartEtcdAsync(SharedEtcd.WithV2(EtcdVersion.First));
        await using var store = Create(server.Endpoint, WrongTls.Of(_authority, fault));
        await using var watch = new StoreWatch(store, default, Everything);

        foreach (var call in (Func<Task>[])[() => store.ReadAsync([Everything], Token), () => watch.NextAsync()])
        {
            var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(call);
            Assert.StartsWith($"Etcd at {server.Endpoint}: ", error.Message, StringComparison.Ordinal);
            Assert.Contains(string.Format(null, expected, _authority.Directory.FullName), error.Message, StringComparison.Ordinal);
            // Transient, because certificates are rotated automatically.
            Assert.True(error.IsTransient);
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Scheme_Wrong_ErrorNamesTheRightOne(EtcdVersion version)
    {
        await using var secured = await _authority.StartEtcdAsync(SharedEtcd.WithV2(version));
        await using var plain = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(version)));
        await using var tlsToPlain = Create(plain.Endpoint.Replace("http:", "https:", StringComparison.Ordinal), _authority.Tls(_authority.Issue("client")));
        await using var plainToTls = Create(secured.Endpoint.Replace("https:", "http:", StringComparison.Ordinal), new());

        var first = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => tlsToPlain.ReadAsync([Everything], Token));
        var second = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => plainToTls.ReadAsync([Everything], Token));

        Assert.Contains("if etcd does not use TLS, use http://", first.Message, StringComparison.Ordinal);
        Assert.Contains("if etcd expects TLS, use https://", second.Message, StringComparison.Ordinal);
    }

    private static EtcdV2Store Create(string endpoint, EtcdTlsOptions tls) =>
        EtcdV2Stores.Create(new EtcdOptions { Endpoints = [endpoint], Tls = tls });
}
