using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Starts YARP with a service name as its only destination.</summary>
internal static class Proxy
{
    public static async Task<WebApplication> StartAsync(string endpoint, string service, Action<IReverseProxyBuilder> configure)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(Product.Settings(endpoint));
        builder.AddDiscovery();
        configure(builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "catalog", Match = new RouteMatch { Path = "{**rest}" } }],
            [new ClusterConfig
            {
                ClusterId = "catalog",
                Destinations = new Dictionary<string, DestinationConfig> { ["catalog"] = new() { Address = $"http://{service}" } },
            }]));
        var proxy = builder.Build();
        proxy.MapReverseProxy();
        await proxy.StartAsync(TestContext.Current.CancellationToken);
        return proxy;
    }
}
