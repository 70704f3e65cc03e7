using EtcdDiscovery.Tests.Infrastructure.Deployment;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// Counts failed requests while one of three hosts of the catalog (samples/Shop) is killed, and while etcd is down: of 200 per second
/// through each of the ways to call a service that is registered in etcd.
/// </summary>
internal static class DoorwaysBenchmark
{
    private const int PerSecond = 200;
    private const string Client = "catalog";

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(15);
    private static readonly Uri Catalog = new("http://catalog");

    // As in samples/Shop/Gateway.
    private static readonly HealthCheckConfig HealthChecks = new()
    {
        Active = new() { Enabled = true, Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromSeconds(1), Path = "/alive" },
    };

    public static async Task<Comparison> RunAsync()
    {
        FailureTable.WriteHeader("steady", "kill -9", "etcd away");
        var theirs = await RunAsync("Microsoft.Extensions.ServiceDiscovery", services => AddClient(services).AddServiceDiscovery());
        await RunAsync("the same, AddStandardResilienceHandler()", services =>
        {
            var client = AddClient(services);
            client.AddStandardResilienceHandler(); // retries pick another endpoint, because it wraps discovery
            client.AddServiceDiscovery();
        });
        var ours = await RunAsync("AddEtcdDiscovery()", services => AddClient(services).AddEtcdDiscovery());
        await RunAsync("YARP, destinations from etcd", services => AddProxy(services).AddServiceDiscoveryDestinationResolver());
        await RunAsync("YARP, destinations from etcd, health checks", services => AddProxy(services, HealthChecks).AddServiceDiscoveryDestinationResolver());
        await RunAsync("YARP, AddEtcdDiscovery()", services =>
        {
            AddClient(services).AddEtcdDiscovery();
            AddProxy(services).Services.AddSingleton<IForwarderHttpClientFactory, DiscoveringClients>();
        });
        Console.WriteLine();
        return Comparison.OfFailures(ours, theirs);
    }

    private static async Task<int> RunAsync(string doorway, Action<IServiceCollection> add)
    {
        await using var etcd = await EtcdFleet.StartServerAsync();
        await using var fleet = await CatalogFleet.StartAsync(
            etcd, new() { ["EtcdDiscovery:Etcd:Endpoints:0"] = etcd.Endpoint, ["Shop:TimeToLookUp"] = "00:00:00.02" });
        await using var app = await StartAsync(etcd.Endpoint, add);
        using var http = ClientOf(app);
        await http.GetStringAsync("/items/1");
        await using var load = new Load(PerSecond, async (number, token) => await http.GetStringAsync($"/items/{number}", token));
        var results = new List<LoadResult>();
        foreach (var phase in (Func<Task>[])[() => Task.Delay(Steady), fleet.KillOneAsync, () => fleet.LoseEtcdAsync(etcd, Outage)])
        {
            await phase();
            results.Add(await load.TakeAsync());
        }

        return FailureTable.WriteRow(doorway, results);
    }

    private static async Task<WebApplication> StartAsync(string endpoint, Action<IServiceCollection> add)
    {
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints:0"] = endpoint;
        builder.Services.AddServiceDiscovery();
        builder.Services.AddEtcdServiceEndpointProvider();
        add(builder.Services);
        var app = builder.Build();
        if (IsProxy(app))
        {
            app.MapReverseProxy();
        }

        await app.StartAsync();
        return app;
    }

    private static IHttpClientBuilder AddClient(IServiceCollection services) => services
        .AddHttpClient(Client, client => client.BaseAddress = Catalog)
        .ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false, UseCookies = false });

    private static IReverseProxyBuilder AddProxy(IServiceCollection services, HealthCheckConfig? healthChecks = null) =>
        services.AddReverseProxy().LoadFromMemory(
            [new() { RouteId = "all", ClusterId = "catalog", Match = new() { Path = "{**path}" } }],
            [new() { ClusterId = "catalog", HealthCheck = healthChecks, Destinations = new Dictionary<string, DestinationConfig> { ["catalog"] = new() { Address = Catalog.OriginalString } } }]);

    private static HttpClient ClientOf(WebApplication app) => IsProxy(app)
        ? new HttpClient { BaseAddress = new Uri(app.Urls.Single()) }
        : app.Services.GetRequiredService<IHttpClientFactory>().CreateClient(Client);

    private static bool IsProxy(WebApplication app) => app.Services.GetService<IProxyConfigProvider>() is not null;

    private sealed class DiscoveringClients(IHttpMessageHandlerFactory handlers) : IForwarderHttpClientFactory
    {
        public HttpMessageInvoker CreateClient(ForwarderHttpClientContext context) => new(handlers.CreateHandler(Client), disposeHandler: false);
    }
}
