using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>A registered application whose etcd is killed, stopped or frozen, and returns with its data.</summary>
public sealed class EtcdRestartTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Etcd_KilledAndRestartedWithinTheTimeToLive_LosesNoKey(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        using var keys = new RawKeys(server);
        await using var app = await RegisterAsync(keys, "00:00:10");
        await using var witness = KeyWitness.Of(server, Service);

        await server.KillAsync();
        await server.RestartAsync(wipe: false);

        await app.Registration.PauseAsync("seen", Token).WaitAsync(Eventually.Patience, Token);
        Assert.Contains("seen", Assert.Single(await keys.ReadAsync("/services/shop/")).Value, StringComparison.Ordinal);
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Etcd_KilledForLongerThanTheTimeToLive_TheSameInstanceRegistersAgain(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await using var app = await RegisterAsync(keys, "00:00:02");

        await server.KillAsync();
        await WaitForLossAsync(app);
        await server.RestartAsync(wipe: false);

        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Fact]
    public async Task Etcd_StoppedAndRestarted_TheSameInstanceRegistersAgain()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        using var keys = new RawKeys(server);
        await using var app = await RegisterAsync(keys, "00:00:05");

        await server.StopAsync();
        await server.RestartAsync(wipe: false);

        await app.WaitUntilIntactAsync(keys, Service);
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Etcd_FrozenForLongerThanTheTimeToLive_TheSameInstanceRegistersAgain(EtcdVersion version, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, version)));
        using var keys = new RawKeys(server, store);
        await using var app = await RegisterAsync(keys, "00:00:02");

        server.Pause();
        await WaitForLossAsync(app);
        server.Continue();

        await app.WaitUntilIntactAsync(keys, Service);
    }

    private static Task<App> RegisterAsync(RawKeys keys, string timeToLive) => App.RegisterAsync(
        new Dictionary<string, string?>(keys.Settings(Service)) { [Setting.TimeToLive] = timeToLive, [Setting.RequestTimeout] = "00:00:01" });

    private static Task WaitForLossAsync(App app) =>
        Eventually.TrueAsync(() => Task.FromResult(!app.Registration.IsRegistered), "the registration is reported as lost");
}
