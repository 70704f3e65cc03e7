using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Infrastructure.Deployment;

namespace EtcdDiscovery.BlackBox;

/// <summary>No request fails while hosts are replaced or killed, or etcd is down. `eng/bench.sh deploy` is the long version.</summary>
public sealed class DeploymentTests
{
    [Fact]
    public async Task Requests_HostsReplacedAndEtcdDown_AllSucceed()
    {
        await using var etcd = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var fleet = await ShopFleet.StartAsync(
            etcd,
            FreePort(),
            Product.Settings(etcd.Endpoint).ToDictionary(setting => setting.Key, setting => setting.Value!),
            new() { ["Shop:TimeToLookUp"] = "00:00:00.02" });
        await using var load = new Load(50, async (number, token) => await fleet.Storefront.GetStringAsync($"/items/{number}", token));

        await fleet.Catalog.ReplaceAllAsync();
        var replaced = await load.TakeAsync();
        await fleet.Catalog.KillOneAsync();
        var killed = await load.TakeAsync();
        await fleet.LoseEtcdAsync(etcd, TimeSpan.FromSeconds(2));
        var lost = await load.TakeAsync();

        Assert.All([replaced, killed, lost], phase => Assert.Empty(phase.Failures));
        Assert.All([replaced, killed, lost], phase => Assert.NotEqual(0, phase.Sent));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
