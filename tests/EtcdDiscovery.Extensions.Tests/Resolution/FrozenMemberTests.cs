using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The member that a process is connected to freezes: it keeps its connections and answers nothing.</summary>
public sealed class FrozenMemberTests
{
    // 2 s of silence and a probe of 1 s. The rest is slack for a busy machine.
    private static readonly TimeSpan MaxBlindness = TimeSpan.FromSeconds(2 + 1 + 1);

    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Etcd")]
    [InlineData("EtcdV2")]
    public async Task Reader_MembersFreezeOneAfterTheOther_SeesChangesAfter3Seconds(string store)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, EtcdVersion.First)));
        var leader = await LeaderAsync(cluster);
        var followers = cluster.Members.Where(member => member != leader).ToList();
        await using var writer = await DiscoveryHost.RegisterAsync(new(SettingsOf([leader], store)) { ["Service:Name"] = _service });
        await using var reader = await DiscoveryHost.StartAsync(SettingsOf(followers, store));
        await reader.Resolver.GetInstanceAsync(_service, cancellationToken: Token);
        for (var zone = 1; zone <= 2; zone++)
        {
            var used = await UsedAsync(followers, store);
            used.Pause();
            var blindness = Stopwatch.StartNew();
            writer.Change(("Service:Zone", $"z{zone}"));
            await Eventually.TrueAsync(
                async () => (await reader.Resolver.GetInstanceAsync(_service, cancellationToken: Token)).Zone == $"z{zone}", "the change is seen");

            Assert.InRange(blindness.Elapsed, TimeSpan.Zero, MaxBlindness);
            used.Continue();
        }
    }

    [Theory]
    [InlineData("Etcd")]
    [InlineData("EtcdV2")]
    public async Task Host_ItsMemberFreezesAndItStops_WithdrawsWithinASecond(string store)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.For(store, EtcdVersion.First)));
        var leader = await LeaderAsync(cluster);
        var followers = cluster.Members.Where(member => member != leader).ToList();
        await using var host = await DiscoveryHost.RegisterAsync(new(SettingsOf(followers, store)) { ["Service:Name"] = _service });
        var used = await UsedAsync(followers, store);

        used.Pause();
        var stopping = Stopwatch.StartNew();
        await host.StopAsync();
        stopping.Stop();

        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1 + 0.5));
        Assert.Empty(await leader.ReadAsync($"/services/{_service}/"));
        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
        used.Continue();
    }

    private static Dictionary<string, string?> SettingsOf(List<EtcdServer> members, string store)
    {
        Dictionary<string, string?> settings = new() { ["Store"] = store, ["TimeToLive"] = "00:00:30" };
        for (var i = 0; i < members.Count; i++)
        {
            settings[$"Etcd:Endpoints:{i}"] = members[i].Endpoint;
        }

        return settings;
    }

    private static Task<EtcdServer> UsedAsync(List<EtcdServer> members, string store) => FindAsync(
        members,
        async member => await member.GetMetricAsync(store == "Etcd" ? "etcd_debugging_mvcc_watcher_total" : "etcd_debugging_store_watchers") > 0);

    private static Task<EtcdServer> LeaderAsync(EtcdCluster cluster) =>
        FindAsync(cluster.Members, async member => await member.GetMetricAsync("etcd_server_is_leader") == 1);

    private static async Task<EtcdServer> FindAsync(IEnumerable<EtcdServer> members, Func<EtcdServer, Task<bool>> isItAsync)
    {
        EtcdServer? found = null;
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var member in members)
                {
                    found = await isItAsync(member) ? member : found;
                }

                return found is not null;
            },
            "the member is found");
        return found!;
    }
}
