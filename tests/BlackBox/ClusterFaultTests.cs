using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>A registered application on a cluster of three whose members die, freeze and come back.</summary>
public sealed class ClusterFaultTests
{
    private const string Service = "shop";
    private const string Directory = "/services/shop/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The leader, and the member that the application talks to, are among them.</summary>
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Members_KilledAndStartedAgainOneAfterAnother_CostNoKey(EtcdVersion version)
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
            await ChangesGetThroughAsync(app, cluster, without: member);
            await member.RestartAsync(wipe: false);
        }

        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
        Assert.True(app.Registration.IsRegistered);
    }

    [Fact]
    public async Task Leader_FrozenForLongerThanTheTimeToLive_LeavesTheInstanceRegistered()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var app = await RegisterAsync(cluster, "00:00:05");
        var leader = await LeaderAsync(cluster);

        leader.Pause();
        await ChangesGetThroughAsync(app, cluster, without: leader);
        leader.Continue();

        await ChangesGetThroughAsync(app, cluster, without: null);
        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "it is registered");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Quorum_GoneForLongerThanTheTimeToLive_IsNoticedAndTheInstanceIsThereAgain(EtcdVersion version)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(version));
        await using var app = await RegisterAsync(cluster, "00:00:02");
        Assert.Equal(Freshness.Live, (await app.Services.SnapshotAsync(Service, Token)).Freshness);
        var frozen = cluster.Members.Skip(1).ToList();

        frozen.ForEach(member => member.Pause());
        await Eventually.TrueAsync(() => Task.FromResult(!app.Registration.IsRegistered), "the loss is noticed");
        // The member that is left answers, but knows nothing new.
        await Eventually.TrueAsync(
            async () => (await app.Services.SnapshotAsync(Service, Token)).Freshness == Freshness.Stale, "the snapshot is stale");
        Assert.Single(await app.Services.InstancesAsync(Service, Token));
        frozen.ForEach(member => member.Continue());

        await Eventually.TrueAsync(() => Task.FromResult(app.Registration.IsRegistered), "it is registered again");
        await ChangesGetThroughAsync(app, cluster, without: null);
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

    /// <summary>A change is written, and each member has it.</summary>
    private static async Task ChangesGetThroughAsync(App app, EtcdCluster cluster, EtcdServer? without)
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
