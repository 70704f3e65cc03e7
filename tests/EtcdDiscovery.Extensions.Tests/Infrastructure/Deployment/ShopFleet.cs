namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>samples/Shop as processes: three hosts of the catalog and a storefront.</summary>
internal sealed class ShopFleet : IAsyncDisposable
{
    private const int Hosts = 3;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly IEtcd _etcd;
    private readonly Dictionary<string, string> _settings;
    private readonly Dictionary<string, string> _catalogSettings;
    private readonly List<ShopProcess> _catalogs = [];
    private readonly string _storefrontUrl;
    private ShopProcess? _storefront;

    private ShopFleet(IEtcd etcd, int storefrontPort, Dictionary<string, string> settings, Dictionary<string, string> catalogSettings)
    {
        (_etcd, _settings, _catalogSettings) = (etcd, settings, catalogSettings);
        _storefrontUrl = $"http://127.0.0.1:{storefrontPort}";
        Storefront = new HttpClient { BaseAddress = new Uri(_storefrontUrl) };
    }

    /// <summary>A client of the storefront.</summary>
    public HttpClient Storefront { get; }

    /// <summary>Starts all processes, and waits until they serve.</summary>
    /// <param name="etcd">The etcd server.</param>
    /// <param name="storefrontPort">A free port.</param>
    /// <param name="settings">The settings of all processes, including the etcd endpoint.</param>
    /// <param name="catalogSettings">Additional settings of the catalog.</param>
    public static async Task<ShopFleet> StartAsync(
        IEtcd etcd, int storefrontPort, Dictionary<string, string> settings, Dictionary<string, string> catalogSettings)
    {
        var fleet = new ShopFleet(etcd, storefrontPort, settings, catalogSettings);
        try
        {
            fleet._storefront = ShopProcess.Start("Storefront", new(settings) { ["Urls"] = fleet._storefrontUrl });
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

    /// <summary>Replaces the hosts of the catalog one by one, as a rolling deployment does.</summary>
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

    /// <summary>Kills a host, waits until its lease has expired, and starts another one.</summary>
    public async Task KillOneAsync()
    {
        await _catalogs[0].KillAsync();
        await HasInstancesAsync(Hosts - 1);
        _catalogs[0] = StartCatalog();
        await HasInstancesAsync(Hosts);
    }

    /// <summary>Stops etcd for a while, and waits until everything has recovered.</summary>
    public async Task LoseEtcdAsync(EtcdServer etcd, TimeSpan outage)
    {
        await etcd.KillAsync();
        await Task.Delay(outage);
        await etcd.RestartAsync(wipe: false);
        await HasInstancesAsync(Hosts);
        await UntilAsync(async () => await ShowsAsync("/healthz", "Healthy"));
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
    }

    private ShopProcess StartCatalog()
    {
        var settings = new Dictionary<string, string>(_settings) { ["Urls"] = "http://127.0.0.1:0" };
        foreach (var (key, value) in _catalogSettings)
        {
            settings[key] = value;
        }

        return ShopProcess.Start("Catalog", settings);
    }

    // The entry of a draining host has a drain status.
    private Task HasInstancesAsync(int count) => UntilAsync(async () => (await _etcd.ReadAsync("/services/catalog/"))
        .Count(entry => !entry.Value.Contains("\"status\"", StringComparison.Ordinal)) == count);

    private Task<bool> AnswersAsync() => ShowsAsync("/items/1", "");

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

    private static async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await condition())
        {
            await Task.Delay(20, patience.Token);
        }
    }
}
