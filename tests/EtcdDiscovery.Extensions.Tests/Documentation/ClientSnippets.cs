using System.Net.WebSockets;
using EtcdDiscovery.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client.Balancer;
using Grpc.Net.Client.Configuration;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>Snippets of the guides that use other packages, to verify that they compile. Never called.</summary>
internal static class ClientSnippets
{
    public static void AddGrpcClient(HostApplicationBuilder builder)
    {
        builder.Services.AddGrpcClient<Greeter.GreeterClient>(options => options.Address = new Uri("http://catalog")).AddEtcdDiscovery();
    }

    public static void AddBalancingGrpcClient(HostApplicationBuilder builder)
    {
        builder.Services.AddEtcdDiscovery().AddGrpcResolver();
        builder.Services.AddGrpcClient<Greeter.GreeterClient>(options => options.Address = new Uri("etcd:///catalog"))
            .ConfigureChannel(channel =>
            {
                channel.Credentials = ChannelCredentials.Insecure;
                channel.ServiceConfig = new ServiceConfig { LoadBalancingConfigs = { new RoundRobinConfig() } };
            });
    }

    public static bool IsNear(BalancerAddress address)
    {
        bool isNear = address.Attributes.TryGetValue(GrpcAddressAttributes.Zone, out var zone) && zone == "eu-1";
        return isNear;
    }

    public static void AddTelemetry(HostApplicationBuilder builder)
    {
        builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics.AddMeter(DiscoveryTelemetry.MeterName))
            .WithTracing(tracing => tracing.AddSource(DiscoveryTelemetry.ActivitySourceName));
    }

    public static void AddEndpoints(HostApplicationBuilder builder)
    {
        builder.Services.AddServiceDiscovery();
        builder.Services.AddEtcdServiceEndpointProvider(options => options.ServiceHosts = ["catalog", "*.internal"]);
        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("https+http://catalog")).AddServiceDiscovery();
    }

    public static void AddProxy(HostApplicationBuilder builder)
    {
        builder.Services.AddServiceDiscovery();
        builder.Services.AddEtcdServiceEndpointProvider();
        builder.Services.AddReverseProxy()
            .LoadFromConfig(builder.Configuration.GetSection("ReverseProxy"))
            .AddServiceDiscoveryDestinationResolver();
    }

    public static HubConnection Connect(IHttpMessageHandlerFactory handlers)
    {
        var connection = new HubConnectionBuilder()
            .WithUrl("http://catalog/hub", HttpTransportType.WebSockets, options =>
            {
                options.SkipNegotiation = true;
                options.WebSocketFactory = async (context, cancellationToken) =>
                {
                    var socket = new ClientWebSocket();
                    using var invoker = new HttpMessageInvoker(handlers.CreateHandler("hub"), disposeHandler: false);
                    await socket.ConnectAsync(context.Uri, invoker, cancellationToken);
                    return socket;
                };
            })
            .WithAutomaticReconnect()
            .Build();
        return connection;
    }

    /// <summary>A stand-in for code generated from a .proto file.</summary>
    private static class Greeter
    {
        internal sealed class GreeterClient;
    }
}
