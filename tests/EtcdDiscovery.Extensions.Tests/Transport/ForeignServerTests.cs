using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>Endpoints at which a server other than etcd listens. The errors say so and name the setting.</summary>
public sealed class ForeignServerTests(SharedEtcd etcd)
{
    private const string NotEtcd = "this is not etcd: check EtcdDiscovery:Etcd:Endpoints";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Etcd", HttpProtocols.Http1)]
    [InlineData("Etcd", HttpProtocols.Http2)]
    [InlineData("EtcdV2", HttpProtocols.Http1)]
    [InlineData("EtcdV2", HttpProtocols.Http2)]
    public async Task WebServer_AsEndpoint_IsReportedAsNotEtcd(string store, HttpProtocols protocols)
    {
        await using var server = await GrpcTestServer.StartAsync(context => context.Response.WriteAsync("<h1>hello</h1>"), protocols);

        await AssertReportedAsync(store, server.Endpoint);
    }

    [Theory]
    [InlineData("Etcd", "SSH-2.0-OpenSSH_9.2p1\r\n")]
    [InlineData("Etcd", "-ERR unknown command 'PRI'\r\n")]
    [InlineData("EtcdV2", "SSH-2.0-OpenSSH_9.2p1\r\n")]
    [InlineData("EtcdV2", "-ERR unknown command 'GET'\r\n")]
    public async Task ServerOfAnotherProtocol_AsEndpoint_IsReportedAsNotEtcd(string store, string greeting)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var bytes = System.Text.Encoding.ASCII.GetBytes(greeting);
        var greeter = Task.Run(
            async () =>
            {
                while (true)
                {
                    using var client = await listener.AcceptTcpClientAsync(stopping.Token);
                    var stream = client.GetStream();
                    await stream.WriteAsync(bytes, stopping.Token);
                    // Until the client closes the connection.
                    await stream.CopyToAsync(Stream.Null, stopping.Token);
                }
            },
            stopping.Token);

        await AssertReportedAsync(store, $"http://{listener.LocalEndpoint}");
        await stopping.CancelAsync();
        await Record.ExceptionAsync(() => greeter);
    }

    [Theory]
    // The port for peers serves v3 like the one for clients.
    [InlineData("EtcdV2")]
    public async Task PeerPort_AsEndpoint_IsReportedAsNotEtcd(string store) =>
        await AssertReportedAsync(store, (await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First))).PeerUrl);

    private static async Task AssertReportedAsync(string store, string endpoint)
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = store, ["Etcd:Endpoints"] = endpoint, ["Service:Name"] = "shop", ["Service:WarnIfUnreachable"] = "false" });

        HealthReportEntry check = default;
        await Eventually.TrueAsync(
            async () => (check = await host.CheckAsync()).Description!.Contains("Etcd at", StringComparison.Ordinal), "the health check states a reason");
        Assert.True(check.Description!.Contains(NotEtcd, StringComparison.Ordinal), check.Description);
        Assert.Equal(HealthStatus.Unhealthy, check.Status);
        Assert.DoesNotContain("Contact the operators of etcd", check.Description, StringComparison.Ordinal);
        // A web server may accept the first request, in which case the second one fails.
        var warning = host.Logs.Lines.First(line => line.EventName is "OpeningFailed" or "WriteFailed");
        Assert.Contains(NotEtcd, warning.Message, StringComparison.Ordinal);
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(async () => await host.Resolver.GetInstanceAsync("catalog", cancellationToken: Token));
        Assert.Contains(NotEtcd, error.Message, StringComparison.Ordinal);
    }
}
