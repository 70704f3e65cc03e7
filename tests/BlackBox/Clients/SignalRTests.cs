using System.Net.WebSockets;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>SignalR clients with the discovery handler, as in docs/clients.md.</summary>
public sealed class SignalRTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // A negotiated connection works only with the server that has negotiated it.
    [Theory]
    [InlineData(HttpTransportType.LongPolling)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.WebSockets)]
    public async Task NegotiatedConnection_SingleServer_WorksWithEachTransport(HttpTransportType transport)
    {
        await using var fleet = await StartAsync(size: 1);
        await using var connection = await ConnectionAsync(fleet, transport, skipNegotiation: false);

        await connection.StartAsync(Token);

        Assert.Equal("0: hello", await connection.InvokeAsync<string>("Echo", "hello", Token));
    }

    [Fact]
    public async Task WebSocket_WithoutNegotiationAndItsServerKilled_ReconnectsToAnotherServer()
    {
        await using var fleet = await StartAsync(size: 3);
        await using var connection = await ConnectionAsync(fleet, HttpTransportType.WebSockets, skipNegotiation: true);
        var reconnected = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Reconnected += _ =>
        {
            reconnected.TrySetResult();
            return Task.CompletedTask;
        };
        await connection.StartAsync(Token);
        var first = await connection.InvokeAsync<string>("Echo", "hello", Token);

        await fleet.KillAsync(first[0] - '0');

        await reconnected.Task.WaitAsync(Eventually.Patience, Token);
        var second = await connection.InvokeAsync<string>("Echo", "hello", Token);
        Assert.EndsWith(": hello", second, StringComparison.Ordinal);
        Assert.NotEqual(first, second);
    }

    private Task<Fleet> StartAsync(int size) => Fleet.StartAsync(
        etcd,
        (app, server) => app.MapHub<EchoHub>("/hub").WithMetadata(new ServerNumber(server)),
        builder => builder.Services.AddSignalR(),
        size: size);

    private static async Task<HubConnection> ConnectionAsync(Fleet fleet, HttpTransportType transport, bool skipNegotiation)
    {
        var caller = await fleet.StartCallerAsync(services => services.AddHttpClient("hub").AddDiscovery());
        var handlers = caller.GetRequiredService<IHttpMessageHandlerFactory>();
        return new HubConnectionBuilder()
            .WithUrl(new Uri($"http://{fleet.Service}/hub"), transport, options =>
            {
                options.SkipNegotiation = skipNegotiation;
                options.HttpMessageHandlerFactory = _ => handlers.CreateHandler("hub");
                options.WebSocketFactory = async (context, cancellationToken) =>
                {
                    var socket = new ClientWebSocket();
                    using var invoker = new HttpMessageInvoker(handlers.CreateHandler("hub"), disposeHandler: false);
                    await socket.ConnectAsync(context.Uri, invoker, cancellationToken);
                    return socket;
                };
            })
            .WithAutomaticReconnect([TimeSpan.Zero, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)])
            .Build();
    }

    private sealed record ServerNumber(int Value);

    private sealed class EchoHub : Hub
    {
        public string Echo(string text) =>
            $"{Context.GetHttpContext()!.GetEndpoint()!.Metadata.GetMetadata<ServerNumber>()!.Value}: {text}";
    }
}
