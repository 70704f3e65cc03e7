using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>A host on a cluster of three members that are killed, frozen and restarted.</summary>
public sealed class ClusterFaultTests
{
    private const string Service = "shop";
    private const string Prefix = "/services/shop/";

    private static readonly TimeSpan Elsewhere = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(5);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.Freeze)]
    public async Task Member_UsedByTheHostFails_IsLeftWithin3SecondsWithoutLosingAKey(Fault fault)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await RegisterAsync(cluster);
        var used = await UsedAsync(cluster);
        var other = cluster.Members.First(member => member != used);
        await using var witness = KeyWitness.Of(other, Service);
        await Eventually.TrueAsync(async () => (await other.ReadLocallyAsync(Prefix)).Count == 1, "the other member has the key");

        var failing = Stopwatch.StartNew();
        await InflictAsync(fault, used);
        await Eventually.TrueAsync(() => Task.FromResult(LeftFor(host, used)), "the host has left the member");
        Assert.InRange(failing.Elapsed, TimeSpan.Zero, Elsewhere);

        // Longer than the key could outlive its last renewal through the old member.
        await ProceedAsync(failing, fault == Fault.Freeze ? TimeSpan.FromSeconds(30) : TimeToLive * 2);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await UpdateAsync(host, other);
        if (fault == Fault.Freeze)
        {
            used.Continue();
        }

        await AssertNothingLostAsync(host, witness);
    }

    [Theory]
    [InlineData(Fault.Kill)]
    [InlineData(Fault.Freeze)]
    public async Task Leader_KilledOrFrozenFor10Seconds_LosesNoKey(Fault fault)
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await RegisterAsync(cluster);
        var leader = await LeaderAsync(cluster);
        var follower = cluster.Members.First(member => member != leader);
        await using var witness = KeyWitness.Of(follower, Service);
        await Eventually.TrueAsync(async () => (await follower.ReadLocallyAsync(Prefix)).Count == 1, "the follower has the key");

        var failing = Stopwatch.StartNew();
        await InflictAsync(fault, leader);
        await ProceedAsync(failing, TimeSpan.FromSeconds(10));
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await UpdateAsync(host, follower);
        if (fault == Fault.Freeze)
        {
            leader.Continue();
        }

        await AssertNothingLostAsync(host, witness);
    }

    /// <summary>A frozen member executes pending requests, or not, by chance. <see cref="LatePutTests"/> covers it deterministically.</summary>
    [Fact]
    public async Task Member_FrozenWhileOneOfTwoRegistrationsIsWithdrawn_DoesNotRestoreIt()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await RegisterAsync(cluster);
        var goes = host.Registry.Register(new ServiceRegistrationOptions { Name = "goes" });
        await goes.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        var used = await UsedAsync(cluster, registrations: 2);
        var other = cluster.Members.First(member => member != used);

        used.Pause();
        await goes.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);
        Assert.Empty(await other.ReadAsync("/services/goes/"));
        used.Continue();
        // A member that has the last change has executed all requests before it.
        await UpdateAsync(host, used);

        await Eventually.TrueAsync(async () => (await used.ReadAsync("/services/goes/")).Count == 0, "it is withdrawn");
        Assert.Empty(host.Logs.Of("SessionLost"));
    }

    [Fact]
    public async Task Quorum_LostForLongerThanTheTimeToLive_IsReportedAndTheKeyIsRestored()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await RegisterAsync(cluster, "00:00:02");
        var kept = await UsedAsync(cluster);
        var frozen = cluster.Members.Where(member => member != kept).ToList();
        await using var witness = KeyWitness.Of(kept, Service);

        var failing = Stopwatch.StartNew();
        frozen.ForEach(member => member.Pause());
        await host.WaitForLostRegistrationAsync();
        // One time to live after the last answer. A leader answers until it notices the loss of its followers, after an election timeout of 1 s.
        // The rest is slack for a busy machine.
        Assert.InRange(failing.Elapsed, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2 + 1 + 1));
        Assert.Equal(RegistrationState.Lost, host.Registration.State);
        await ProceedAsync(failing, TimeSpan.FromSeconds(5));
        frozen.ForEach(member => member.Continue());

        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await UpdateAsync(host, kept);
        await witness.AssertNeverTwoKeysAsync();
    }

    private static async Task<DiscoveryHost> RegisterAsync(EtcdCluster cluster, string timeToLive = "00:00:05")
    {
        Dictionary<string, string?> settings = new() { ["Service:Name"] = Service, ["TimeToLive"] = timeToLive };
        for (var i = 0; i < cluster.Members.Count; i++)
        {
            settings[$"Etcd:Endpoints:{i}"] = cluster.Members[i].Endpoint;
        }

        return await DiscoveryHost.RegisterAsync(settings);
    }

    private static async Task InflictAsync(Fault fault, EtcdServer member)
    {
        if (fault == Fault.Kill)
        {
            await member.KillAsync();
        }
        else
        {
            member.Pause();
        }
    }

    private static async Task ProceedAsync(Stopwatch since, TimeSpan until)
    {
        if (until - since.Elapsed is var left && left > TimeSpan.Zero)
        {
            await Task.Delay(left, Token);
        }
    }

    /// <summary>The member with the watches of both keys of each registration.</summary>
    private static Task<EtcdServer> UsedAsync(EtcdCluster cluster, int registrations = 1) => FindAsync(
        cluster,
        async member => await member.GetMetricAsync("etcd_debugging_mvcc_watcher_total") == 2 * registrations,
        "a member has all watches");

    private static Task<EtcdServer> LeaderAsync(EtcdCluster cluster) => FindAsync(
        cluster, async member => await member.GetMetricAsync("etcd_server_is_leader") == 1, "a member is the leader");

    private static async Task<EtcdServer> FindAsync(EtcdCluster cluster, Func<EtcdServer, Task<bool>> isItAsync, string what)
    {
        EtcdServer? found = null;
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var member in cluster.Members)
                {
                    found = await isItAsync(member) ? member : found;
                }

                return found is not null;
            },
            what);
        return found!;
    }

    private static bool LeftFor(DiscoveryHost host, EtcdServer left) =>
        host.Logs.Of("EndpointLeft").Any(line => line.State.StartsWith($"Endpoint={left.Endpoint},", StringComparison.Ordinal));

    /// <summary>Waits until a change is written and the member has it.</summary>
    private static async Task UpdateAsync(DiscoveryHost host, EtcdServer member)
    {
        var registration = Assert.Single(host.Registry.Registrations, registration => registration.ServiceName == Service);
        await registration.SetStatusAsync(ServiceStatus.Maintenance, "seen", Token).WaitAsync(Eventually.Patience, Token);
        await Eventually.TrueAsync(
            async () => (await member.ReadLocallyAsync(Prefix)).Any(entry => entry.Value.Contains("seen", StringComparison.Ordinal)),
            "the member has the change");
    }

    private static async Task AssertNothingLostAsync(DiscoveryHost host, KeyWitness witness)
    {
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
        Assert.Equal(RegistrationState.Registered, host.Registration.State);
    }

    public enum Fault
    {
        Kill,
        Freeze,
    }
}
