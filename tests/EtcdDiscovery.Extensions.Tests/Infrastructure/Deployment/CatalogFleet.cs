namespace EtcdDiscovery.Tests.Infrastructure.Deployment;

/// <summary>Three hosts of the catalog (samples/Shop) as processes, registered in an etcd that has no other catalogs.</summary>
internal sealed class CatalogFleet : IAsyncDisposable
{
    private const int Hosts = 3;

    private readonly IEtcd _etcd;
    private readonly Dictionary<string, string> _settings;
    private readonly List<ShopProcess> _hosts = [];

    private CatalogFleet(IEtcd etcd, Dictionary<string, string> settings) => (_etcd, _settings) = (etcd, settings);

    /// <summary>Starts all hosts, and waits until they are registered.</summary>
    /// <param name="etcd">The etcd server.</param>
    /// <param name="settings">The settings of the hosts, including the etcd endpoint.</param>
    public static async Task<CatalogFleet> StartAsync(IEtcd etcd, Dictionary<string, string> settings)
    {
        var fleet = new CatalogFleet(etcd, new(settings) { ["Urls"] = "http://127.0.0.1:0" });
        try
        {
            for (var host = 0; host < Hosts; host++)
            {
                fleet._hosts.Add(fleet.StartHost());
            }

            await fleet.IsCompleteAsync();
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Replaces the hosts one by one, as a rolling deployment does.</summary>
    public async Task ReplaceAllAsync()
    {
        for (var host = 0; host < Hosts; host++)
        {
            await _hosts[host].TerminateAsync();
            await HasInstancesAsync(Hosts - 1);
            _hosts[host] = StartHost();
            await IsCompleteAsync();
        }
    }

    /// <summary>Kills a host, waits until its lease has expired, and starts another one.</summary>
    public async Task KillOneAsync()
    {
        await _hosts[0].KillAsync();
        await HasInstancesAsync(Hosts - 1);
        _hosts[0] = StartHost();
        await IsCompleteAsync();
    }

    /// <summary>Stops etcd for a while, and waits until all hosts are registered.</summary>
    public async Task LoseEtcdAsync(EtcdServer etcd, TimeSpan outage)
    {
        await etcd.KillAsync();
        await Task.Delay(outage);
        await etcd.RestartAsync(wipe: false);
        await IsCompleteAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }

    private ShopProcess StartHost() => ShopProcess.Start("Catalog", _settings);

    private Task IsCompleteAsync() => HasInstancesAsync(Hosts);

    // The entry of a draining host has a drain status.
    private Task HasInstancesAsync(int count) => Wait.UntilAsync(async () => (await _etcd.ReadAsync("/services/catalog/"))
        .Count(entry => !entry.Value.Contains("\"status\"", StringComparison.Ordinal)) == count);
}
