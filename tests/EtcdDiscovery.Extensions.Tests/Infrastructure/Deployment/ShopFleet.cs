namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>samples/Shop as processes: three hosts of the catalog, one of the prices, and a storefront.</summary>
internal sealed class ShopFleet : IAsyncDisposable
{
    private readonly List<ShopProcess> _processes = [];
    private CatalogFleet? _catalog;

    private ShopFleet(string storefrontUrl) => Storefront = new HttpClient { BaseAddress = new Uri(storefrontUrl) };

    /// <summary>A client of the storefront.</summary>
    public HttpClient Storefront { get; }

    public CatalogFleet Catalog => _catalog!;

    /// <summary>Starts all processes, and waits until they serve.</summary>
    /// <param name="etcd">The etcd server.</param>
    /// <param name="storefrontPort">A free port.</param>
    /// <param name="settings">The settings of all processes, including the etcd endpoint.</param>
    /// <param name="catalogSettings">Additional settings of the catalog.</param>
    public static async Task<ShopFleet> StartAsync(
        IEtcd etcd, int storefrontPort, Dictionary<string, string> settings, Dictionary<string, string> catalogSettings)
    {
        var url = $"http://127.0.0.1:{storefrontPort}";
        var fleet = new ShopFleet(url);
        try
        {
            fleet._processes.Add(ShopProcess.Start("Storefront", new(settings) { ["Urls"] = url }));
            fleet._processes.Add(ShopProcess.Start("Prices", settings));
            fleet._catalog = await CatalogFleet.StartAsync(etcd, new(settings.Concat(catalogSettings)));
            await Wait.UntilAsync(() => fleet.ShowsAsync("/items/1", "\"price\":1.99"));
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Stops etcd for a while, and waits until everything has recovered.</summary>
    public async Task LoseEtcdAsync(EtcdServer etcd, TimeSpan outage)
    {
        await Catalog.LoseEtcdAsync(etcd, outage);
        await Wait.UntilAsync(() => ShowsAsync("/healthz", "Healthy"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_catalog is not null)
        {
            await _catalog.DisposeAsync();
        }

        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        Storefront.Dispose();
    }

    private async Task<bool> ShowsAsync(string path, string text)
    {
        try
        {
            return (await Storefront.GetStringAsync(path)).Contains(text, StringComparison.Ordinal);
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
