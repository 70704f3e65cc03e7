using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>samples/Shop as processes: three hosts of the catalog, and the storefront in front of them.</summary>
internal sealed class ShopFleet : IAsyncDisposable
{
    private const int Hosts = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly EtcdServer _etcd;
    private readonly Dictionary<string, string> _catalogSettings;
    private readonly ServiceProvider _observer;
    private readonly List<ShopProcess> _catalogs = [];
    private readonly string _storefrontUrl;
    private ShopProcess? _storefront;

    private ShopFleet(EtcdServer etcd, Dictionary<string, string> catalogSettings, int storefrontPort)
    {
        _etcd = etcd;
        _catalogSettings = catalogSettings;
        _storefrontUrl = $"http://127.0.0.1:{storefrontPort}";
        Storefront = new HttpClient { BaseAddress = new Uri(_storefrontUrl) };
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().Build());
        services.AddEtcdDiscovery(options => options.Etcd.Endpoints = [etcd.Endpoint]);
        _observer = services.BuildServiceProvider();
    }

    /// <summary>Calls the storefront.</summary>
    public HttpClient Storefront { get; }

    public IServiceResolver Resolver => _observer.GetRequiredService<IServiceResolver>();

    /// <summary>Starts everything, and waits until it serves.</summary>
    /// <param name="etcd">The etcd to use.</param>
    /// <param name="storefrontPort">A free port.</param>
    /// <param name="catalogSettings">What the hosts of the catalog are told beside the sample's own settings.</param>
    public static async Task<ShopFleet> StartAsync(EtcdServer etcd, int storefrontPort, Dictionary<string, string> catalogSettings)
    {
        var fleet = new ShopFleet(etcd, catalogSettings, storefrontPort);
        try
        {
            fleet._storefront = ShopProcess.Start("Storefront", fleet.Common(new() { ["Urls"] = fleet._storefrontUrl }));
            for (var host = 0; host < Hosts; host++)
            {
                fleet._catalogs.Add(fleet.StartCatalog());
            }

            await fleet.HasInstancesAsync(Hosts);
            await UntilAsync(fleet.AnswersAsync);
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces each host of the catalog, one after another, as a deployment does.</summary>
    public async Task ReplaceAllAsync()
    {
        for (var host = 0; host < Hosts; host++)
        {
            await _catalogs[host].TerminateAsync();
            await HasInstancesAsync(Hosts - 1);
            _catalogs[host] = StartCatalog();
            await HasInstancesAsync(Hosts);
        }
    }

    /// <summary>Kills a host, waits until its lease has ended, and starts another one.</summary>
    public async Task KillOneAsync()
    {
        await _catalogs[0].KillAsync();
        await HasInstancesAsync(Hosts - 1);
        _catalogs[0] = StartCatalog();
        await HasInstancesAsync(Hosts);
    }

    /// <summary>Takes etcd away for a while, and waits until everything is as it was.</summary>
    public async Task LoseEtcdAsync(TimeSpan outage)
    {
        await _etcd.KillAsync();
        await Task.Delay(outage);
        await _etcd.RestartAsync(wipe: false);
        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("catalog")).Source == SnapshotSource.Live);
        await HasInstancesAsync(Hosts);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var catalog in _catalogs)
        {
            await catalog.DisposeAsync();
        }

        if (_storefront is not null)
        {
            await _storefront.DisposeAsync();
        }

        Storefront.Dispose();
        await _observer.DisposeAsync();
    }

    private ShopProcess StartCatalog() => ShopProcess.Start("Catalog", Common(new(_catalogSettings) { ["Urls"] = "http://127.0.0.1:0" }));

    private Dictionary<string, string> Common(Dictionary<string, string> settings)
    {
        settings["EtcdDiscovery:Etcd:Endpoints:0"] = _etcd.Endpoint;
        return settings;
    }

    private Task HasInstancesAsync(int count) => UntilAsync(async () =>
        (await Resolver.GetSnapshotAsync("catalog")).Instances.Count(instance => instance.Status == ServiceStatus.Serving) == count);

    private async Task<bool> AnswersAsync()
    {
        try
        {
            using var response = await Storefront.GetAsync("/items/1");
            return response.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
