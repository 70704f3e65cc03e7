using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>A registered application on a cluster of three members that are killed, frozen and restarted.</summary>
public sealed class ClusterFaultTests
{
    private const string Service = "shop";
    private const string Directory = "/services/shop/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>These include the leader and the member that the application is connected to.</summary>
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Members_KilledAndRestartedOneByOne_LoseNoKey(EtcdVersion version)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(version));
        await using var app = await RegisterAsync(cluster, "00:00:15");
        var away = cluster.Members[0];
        await using var witness = KeyWitness.Of(async () =>
            [.. (await cluster.Members.First(member => member != away).ReadAsync(Directory)).Select(entry => entry.Key)]);
        foreach (var member in cluster.Members)
        {
            away = member;
            await member.KillAsync();
            await WaitForReplicatedChangeAsync(app, cluster, without: member);
            await member.RestartAsync(wipe: false);
        }

        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
        Assert.True(app.Registration.IsRegistered);
    }

    [Fact]
    public async Task Leader_FrozenForLongerThanTheTimeToLive_InstanceStaysRegistered()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var app = await RegisterAsync(cluster, "00:00:05");
        var leader = await LeaderAsync(cluster);

        leader.Pause();
        await WaitForReplicatedChangeAsync(app, cluster, without: leader);
        leader.Continue();

        await WaitForReplicatedChangeAsync(app, cluster, without: null);
        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "it is registered");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Quorum_LostForLongerThanTheTimeToLive_IsReportedAndTheInstanceRegistersAgain(EtcdVersion version)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(version));
        await using var app = await RegisterAsync(cluster, "00:00:02");
        Assert.Equal(Freshness.Live, (await app.Services.SnapshotAsync(Service, Token)).Freshness);
        var frozen = cluster.Members.Skip(1).ToList();

        frozen.ForEach(member => member.Pause());
        await Eventually.TrueAsync(() => Task.FromResult(!app.Registration.IsRegistered), "the loss is reported");
        // The remaining member answers, but has no current data.
        await Eventually.TrueAsync(
            async () => (await app.Services.SnapshotAsync(Service, Token)).Freshness == Freshness.Stale, "the snapshot is stale");
        Assert.Single(await app.Services.InstancesAsync(Service, Token));
        frozen.ForEach(member => member.Continue());

        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "it is registered again");
        await WaitForReplicatedChangeAsync(app, cluster, without: null);
        Assert.Equal(Directory + app.Registration.Id, Assert.Single(await cluster.Members[0].ReadAsync(Directory)).Key);
    }

    private static async Task<App> RegisterAsync(EtcdCluster cluster, string timeToLive)
    {
        Dictionary<string, string?> settings = new(Product.Settings(cluster.Endpoints[0], Service)) { [Setting.TimeToLive] = timeToLive };
        for (var i = 0; i < cluster.Endpoints.Length; i++)
        {
            settings[$"{Setting.Endpoints}:{i}"] = cluster.Endpoints[i];
        }

        return await App.RegisterAsync(settings);
    }

    /// <summary>Waits until a change is written and replicated to each member.</summary>
    private static async Task WaitForReplicatedChangeAsync(App app, EtcdCluster cluster, EtcdServer? without)
    {
        var reason = UniqueName.Of("seen");
        await app.Registration.PauseAsync(reason, Token).WaitAsync(Eventually.Patience, Token);
        foreach (var member in cluster.Members.Where(member => member != without))
        {
            await Eventually.TrueAsync(
                async () => await member.ReadLocallyAsync(Directory) is [var entry] && entry.Value.Contains(reason, StringComparison.Ordinal),
                "a member has the change");
        }
    }

    private static async Task<EtcdServer> LeaderAsync(EtcdCluster cluster)
    {
        EtcdServer? leader = null;
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var member in cluster.Members)
                {
                    leader = await member.GetMetricAsync("etcd_server_is_leader") == 1 ? member : leader;
                }

                return leader is not null;
            },
            "a member is the leader");
        return leader!;
    }
}
