using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure.Deployment;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Benchmarks;

/// <summary>
/// Counts failed requests while all hosts of the catalog (samples/Shop) are replaced, one is killed, and etcd is down: of 200
/// requests per second through the storefront, and of as many that resolve an instance for each request, without retries, and
/// call hosts that do not drain.
/// </summary>
internal static class DeployBenchmark
{
    private const int PerSecond = 200;

    private static readonly TimeSpan Steady = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(20);

    public static async Task<Comparison> RunAsync()
    {
        FailureTable.WriteHeader("steady", "replaced", "kill -9", "etcd away");
        var ours = await RunAsync("through the storefront", "00:00:01", (fleet, _) =>
            async (number, token) => await fleet.Storefront.GetStringAsync($"/items/{number}", token));
        using var http = new HttpClient();
        var plain = await RunAsync("resolved per request, no draining, no retry", "00:00:00", (_, resolver) =>
            async (number, token) => await http.GetStringAsync(await resolver.GetUriAsync("catalog", "http", $"/items/{number}", cancellationToken: token), token));
        Console.WriteLine();
        return Comparison.OfFailures(ours, plain);
    }

    private static async Task<int> RunAsync(
        string what, string drainDelay, Func<ShopFleet, IServiceResolver, Func<int, CancellationToken, Task>> caller)
    {
        await using var etcd = await EtcdFleet.StartServerAsync();
        await using var fleet = await ShopFleet.StartAsync(
            etcd,
            FreePort(),
            new() { ["EtcdDiscovery:Etcd:Endpoints:0"] = etcd.Endpoint },
            new() { ["EtcdDiscovery:DrainDelay"] = drainDelay, ["Shop:TimeToLookUp"] = "00:00:00.02" });
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddEtcdDiscovery(options => options.Etcd.Endpoints = [etcd.Endpoint]);
        await using var provider = services.BuildServiceProvider();
        await using var load = new Load(PerSecond, caller(fleet, provider.GetRequiredService<IServiceResolver>()));
        await Task.Delay(Steady);
        var results = new List<LoadResult> { await load.TakeAsync() };
        foreach (var phase in (Func<Task>[])[fleet.Catalog.ReplaceAllAsync, fleet.Catalog.KillOneAsync, () => fleet.LoseEtcdAsync(etcd, Outage)])
        {
            await phase();
            results.Add(await load.TakeAsync());
        }

        return FailureTable.WriteRow(what, results);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
