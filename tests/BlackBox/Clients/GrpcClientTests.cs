using EtcdDiscovery.Tests.Infrastructure;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>gRPC clients of <c>Grpc.Net.ClientFactory</c> call servers of <c>Grpc.AspNetCore</c>.</summary>
public sealed class GrpcClientTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://")]
    [InlineData("http://_grpc.")]
    [InlineData("https://")]
    public async Task Calls_OfEachKind_ReachTheService(string prefix)
    {
        using var authority = new TestAuthority();
        await using var fleet = await StartAsync(prefix, authority);
        var client = await ClientAsync(fleet, prefix, authority);

        var one = await client.GreetAsync(new Name { Value = "Ada" }, cancellationToken: Token);
        using var often = client.GreetOften(new Name { Value = "Ada" }, cancellationToken: Token);
        var many = await often.ResponseStream.ReadAllAsync(Token).Select(greeting => greeting.Value).ToListAsync(Token);
        using var duplex = client.GreetAll(cancellationToken: Token);
        var answers = new List<string>();
        foreach (var name in new[] { "Ada", "Grace" })
        {
            await duplex.RequestStream.WriteAsync(new Name { Value = name }, Token);
            Assert.True(await duplex.ResponseStream.MoveNext(Token));
            answers.Add(duplex.ResponseStream.Current.Value);
        }

        await duplex.RequestStream.CompleteAsync();
        Assert.False(await duplex.ResponseStream.MoveNext(Token));
        Assert.Equal("Hello Ada", one.Value);
        Assert.Equal(["Hello Ada", "Hello Ada", "Hello Ada"], many);
        Assert.Equal(["Hello Ada", "Hello Grace"], answers);
    }

    [Theory]
    [InlineData("http://")]
    [InlineData("http://_grpc.")]
    [InlineData("https://")]
    public async Task UnaryCalls_OneOfThreeServersKilled_ContinueOnTheOthers(string prefix)
    {
        using var authority = new TestAuthority();
        await using var fleet = await StartAsync(prefix, authority);
        var client = await ClientAsync(fleet, prefix, authority);
        var failures = 0;

        for (var call = 0; call < 60; call++)
        {
            if (call == 20)
            {
                await fleet.KillAsync(1);
            }

            try
            {
                await client.GreetAsync(new Name { Value = "Ada" }, cancellationToken: Token);
            }
            catch (RpcException error) when (error.StatusCode == StatusCode.Unavailable)
            {
                failures++;
            }
        }

        // A call that was in flight when the connection broke may have been executed, so only the caller may retry it.
        Assert.InRange(failures, 0, 1);
    }

    [Theory]
    [InlineData("http://")]
    [InlineData("http://_grpc.")]
    [InlineData("https://")]
    public async Task Streams_OneOfThreeServersKilled_EndOrContinueAndNewOnesStartOnTheOthers(string prefix)
    {
        using var authority = new TestAuthority();
        await using var fleet = await StartAsync(prefix, authority);
        var client = await ClientAsync(fleet, prefix, authority);
        var open = Enumerable.Range(0, 12).Select(_ => client.GreetAll(cancellationToken: Token)).ToList();
        foreach (var stream in open)
        {
            Assert.Equal("Hello Ada", await ExchangeAsync(stream));
        }

        await fleet.KillAsync(1);

        // Only the caller can know what to send again after a stream has broken.
        var answers = new List<string>();
        foreach (var stream in open)
        {
            answers.Add(await ExchangeAsync(stream).WaitAsync(Eventually.Patience, Token));
            stream.Dispose();
        }

        Assert.All(answers, answer => Assert.True(answer is "Hello Ada" or nameof(StatusCode.Unavailable), answer));
        Assert.Contains("Hello Ada", answers);
        for (var call = 0; call < 20; call++)
        {
            using var duplex = client.GreetAll(cancellationToken: Token);
            Assert.Equal("Hello Ada", await ExchangeAsync(duplex));
            using var often = client.GreetOften(new Name { Value = "Ada" }, cancellationToken: Token);
            Assert.Equal(3, await often.ResponseStream.ReadAllAsync(Token).CountAsync(Token));
        }
    }

    // Returns the answer, or the status with which the stream has ended.
    private static async Task<string> ExchangeAsync(AsyncDuplexStreamingCall<Name, Greeting> stream)
    {
        try
        {
            try
            {
                await stream.RequestStream.WriteAsync(new Name { Value = "Ada" }, Token);
            }
            catch (IOException)
            {
                // The connection is gone. The response stream has the status.
            }

            return await stream.ResponseStream.MoveNext(Token) ? stream.ResponseStream.Current.Value : "the end";
        }
        catch (RpcException error)
        {
            return error.StatusCode.ToString();
        }
    }

    private Task<Fleet> StartAsync(string prefix, TestAuthority authority) => Fleet.StartAsync(
        etcd,
        (app, _) => app.MapGrpcService<GreeterService>(),
        builder => builder.Services.AddGrpc(),
        ports: [prefix == "http://_grpc." ? "grpc" : new Uri(prefix + "x").Scheme],
        HttpProtocols.Http2,
        prefix == "https://" ? authority.Issue("server").Certificate : null);

    private static async Task<Greeter.GreeterClient> ClientAsync(Fleet fleet, string prefix, TestAuthority authority)
    {
        var caller = await fleet.StartCallerAsync(services => services
            .AddGrpcClient<Greeter.GreeterClient>(options => options.Address = new Uri(prefix + fleet.Service))
            .ConfigurePrimaryHttpMessageHandler(() => new EtcdSecurity { Authority = authority.Certificate, Operator = authority.Certificate }.NewHandler())
            .AddDiscovery());
        return caller.GetRequiredService<Greeter.GreeterClient>();
    }

    private sealed class GreeterService : Greeter.GreeterBase
    {
        public override Task<Greeting> Greet(Name request, ServerCallContext context) => Task.FromResult(GreetingOf(request));

        public override async Task GreetOften(Name request, IServerStreamWriter<Greeting> responseStream, ServerCallContext context)
        {
            for (var i = 0; i < 3; i++)
            {
                await responseStream.WriteAsync(GreetingOf(request), context.CancellationToken);
            }
        }

        public override async Task GreetAll(
            IAsyncStreamReader<Name> requestStream, IServerStreamWriter<Greeting> responseStream, ServerCallContext context)
        {
            await foreach (var name in requestStream.ReadAllAsync(context.CancellationToken))
            {
                await responseStream.WriteAsync(GreetingOf(name), context.CancellationToken);
            }
        }

        private static Greeting GreetingOf(Name name) => new() { Value = $"Hello {name.Value}" };
    }
}
