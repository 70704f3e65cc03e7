using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>gRPC's own load balancing over <c>etcd:///service</c>.</summary>
public sealed class GrpcResolverTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("etcd:///{0}", "http")]
    [InlineData("etcd:///_grpc.{0}", "grpc")]
    public async Task RoundRobin_OfThreeServers_FollowsADrainAndADepartureAndAnOutageOfEtcd(string address, string port)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await StartAsync(server, port);
        var client = await ClientAsync(fleet, address, new RoundRobinConfig());
        await Eventually.TrueAsync(async () => (await AnswersAsync(client, 9)).Count == 3, "each server answers");

        // A stream to each server.
        var streams = Enumerable.Range(0, 6).Select(_ => client.GreetAll(cancellationToken: Token)).ToList();
        var before = new List<string>();
        foreach (var stream in streams)
        {
            before.Add(await AskAsync(stream));
        }

        Assert.Equal(3, before.Distinct().Count());
        await fleet.PauseAsync(0);
        await Eventually.TrueAsync(async () => (await AnswersAsync(client, 9)).Count == 2, "new calls avoid the drained server");
        foreach (var (stream, answer) in streams.Zip(before))
        {
            Assert.Equal(answer, await AskAsync(stream));
            await stream.RequestStream.CompleteAsync();
            stream.Dispose();
        }

        await fleet.UnregisterAsync(1);
        await Eventually.TrueAsync(async () => (await AnswersAsync(client, 9)).Count == 1, "new calls avoid the server that left");
        await server.KillAsync();
        Assert.Single(await AnswersAsync(client, 30));
    }

    [Fact]
    public async Task RoundRobin_WhileOneServerIsKilled_ReachesTheOthers()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await StartAsync(server, "http");
        var client = await ClientAsync(fleet, "etcd:///{0}", new RoundRobinConfig());
        await Eventually.TrueAsync(async () => (await AnswersAsync(client, 9)).Count == 3, "each server answers");

        await fleet.KillAsync(2);

        await Eventually.TrueAsync(
            async () =>
            {
                try
                {
                    return (await AnswersAsync(client, 9)).Count == 2;
                }
                catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
                {
                    return false;
                }
            },
            "the others answer");
    }

    [Fact]
    public async Task PickFirst_OfThreeServers_StaysWithOne()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await StartAsync(server, "http");
        var client = await ClientAsync(fleet, "etcd:///{0}", new PickFirstConfig());

        Assert.Single(await AnswersAsync(client, 20));
    }

    [Fact]
    public async Task Call_ToAnUnknownService_FailsAsUnavailable()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await StartAsync(server, "http", size: 0);
        var client = await ClientAsync(fleet, "etcd:///{0}", new RoundRobinConfig());

        var error = await Assert.ThrowsAsync<RpcException>(async () => await client.GreetAsync(new Name(), cancellationToken: Token));

        Assert.Equal(StatusCode.Unavailable, error.StatusCode);
    }

    [Theory]
    [InlineData("etcd:///")]
    [InlineData("etcd://catalog")]
    public async Task Address_WithoutAService_IsRefusedWithTheForm(string address)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var app = await App.StartAsync(Product.Settings(server.Endpoint), builder => builder.Services.AddGrpcResolver());

        var error = Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress(
            address, new GrpcChannelOptions { Credentials = ChannelCredentials.Insecure, ServiceProvider = app.Services }));

        Assert.Contains("write etcd:///catalog", error.Message, StringComparison.Ordinal);
    }

    private static Task<Fleet> StartAsync(EtcdServer server, string port, int size = 3) => Fleet.StartAsync(
        server.Endpoint,
        (app, _) => app.MapGrpcService<PortService>(),
        builder => builder.Services.AddGrpc(),
        ports: [port],
        HttpProtocols.Http2,
        size: size);

    private static async Task<Greeter.GreeterClient> ClientAsync(Fleet fleet, string address, LoadBalancingConfig balancing)
    {
        var caller = await fleet.StartCallerAsync(services =>
        {
            services.AddGrpcResolver();
            services.AddGrpcClient<Greeter.GreeterClient>(options =>
                    options.Address = new Uri(string.Format(CultureInfo.InvariantCulture, address, fleet.Service)))
                .ConfigureChannel(channel =>
                {
                    channel.Credentials = ChannelCredentials.Insecure;
                    channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { balancing } };
                });
        });
        return caller.GetRequiredService<Greeter.GreeterClient>();
    }

    private static async Task<HashSet<string>> AnswersAsync(Greeter.GreeterClient client, int calls)
    {
        var answers = new HashSet<string>();
        for (var call = 0; call < calls; call++)
        {
            answers.Add((await client.GreetAsync(new Name(), cancellationToken: Token)).Value);
        }

        return answers;
    }

    private static async Task<string> AskAsync(AsyncDuplexStreamingCall<Name, Greeting> stream)
    {
        await stream.RequestStream.WriteAsync(new Name(), Token);
        Assert.True(await stream.ResponseStream.MoveNext(Token));
        return stream.ResponseStream.Current.Value;
    }

    private sealed class PortService : Greeter.GreeterBase
    {
        public override Task<Greeting> Greet(Name request, ServerCallContext context) => Task.FromResult(GreetingOf(context));

        public override async Task GreetAll(
            IAsyncStreamReader<Name> requestStream, IServerStreamWriter<Greeting> responseStream, ServerCallContext context)
        {
            await foreach (var _ in requestStream.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(GreetingOf(context), context.CancellationToken);
            }
        }

        private static Greeting GreetingOf(ServerCallContext context) =>
            new() { Value = context.GetHttpContext().Connection.LocalPort.ToString(CultureInfo.InvariantCulture) };
    }
}
