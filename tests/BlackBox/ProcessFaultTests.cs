using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Infrastructure.Deployment;

namespace EtcdDiscovery.BlackBox;

/// <summary>The entry of a killed or frozen process stays in etcd until its lease expires.</summary>
public sealed class ProcessFaultTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("catalog");

    private string Directory => $"/services/{_service}/";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Process_Killed_IsGoneWhenItsLeaseExpires(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        using var keys = new RawKeys(server);
        await using var consumer = await App.StartAsync(keys.Settings());
        await using var process = await StartAsync(keys);
        var entry = Assert.Single(await server.ReadAsync(Directory));
        await Eventually.TrueAsync(async () => await consumer.HostnamesAsync(_service) != "", "the instance is resolved");
        Assert.NotNull(await server.GrantedAsync(entry.Lease!));

        await process.KillAsync();

        await consumer.WaitForHostnamesAsync(_service);
        await Eventually.TrueAsync(async () => (await server.ReadAsync(Directory)).Count == 0, "the key has expired");
        Assert.Null(await server.GrantedAsync(entry.Lease!));
    }

    [Theory]
    [InlineData(StoreName.V3)]
    [InlineData(StoreName.V2)]
    public async Task Process_FrozenForLongerThanItsTimeToLive_RegistersAgainUnderTheSameId(string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First)), store);
        await using var consumer = await App.StartAsync(keys.Settings());
        await using var process = await StartAsync(keys);
        var (key, _) = Assert.Single(await keys.ReadAsync(Directory));

        process.Pause();
        await Eventually.TrueAsync(async () => (await keys.ReadAsync(Directory)).Count == 0, "the key has expired");
        await consumer.WaitForHostnamesAsync(_service);
        process.Continue();

        await Eventually.TrueAsync(async () => await keys.FindAsync(key) is not null, "the key is restored");
        await Eventually.TrueAsync(async () => await consumer.HostnamesAsync(_service) != "", "the instance is resolved again");
    }

    private async Task<ShopProcess> StartAsync(RawKeys keys)
    {
        var process = ShopProcess.Start("Catalog", keys.Settings(_service)
            .Append(new(Setting.TimeToLive, "00:00:02"))
            .Append(new("Urls", "http://127.0.0.1:0"))
            .ToDictionary(setting => setting.Key, setting => setting.Value!));
        await Eventually.TrueAsync(async () => (await keys.ReadAsync(Directory)).Count == 1, "it is registered");
        return process;
    }
}
