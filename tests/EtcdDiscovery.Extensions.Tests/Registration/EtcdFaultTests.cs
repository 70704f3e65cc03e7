using System.Diagnostics;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>A host whose etcd is wiped, replaced or restored, and whose keys and lease are changed by others.</summary>
public sealed class EtcdFaultTests(SharedEtcd etcd)
{
    private static readonly TimeSpan BackAgain = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan PutAgain = TimeSpan.FromSeconds(2);

    private readonly string _service = UniqueName.Of("shop");

    private string Prefix => $"/services/{_service}/";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Etcd_RestartedWithItsData_LosesNoKey(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server, "00:00:10"));
        await using var witness = KeyWitness.Of(server, _service);

        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await EventuallyThereAsync(server, host);

        Assert.Empty(host.Logs.Of("SessionLost"));
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
    }

    [Theory]
    [InlineData(EtcdVersion.First, false)]
    [InlineData(EtcdVersion.First, true)]
    [InlineData(EtcdVersion.Second, false)]
    [InlineData(EtcdVersion.Second, true)]
    public async Task Etcd_WipedAndRestarted_BothKeysAreRestoredWithin3Seconds(EtcdVersion version, bool afterTheLoss)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await using var witness = KeyWitness.Of(server, _service);

        await server.KillAsync();
        if (afterTheLoss)
        {
            await host.WaitForLostRegistrationAsync();
        }

        await server.RestartAsync(wipe: true);

        await AssertBothKeysWithinAsync(BackAgain, server, host);
        await witness.AssertNeverTwoKeysAsync();
    }

    [Fact]
    public async Task Etcd_ReplacedByAClusterWithAHigherRevision_BothKeysAreRestoredWithin3Seconds()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await using var witness = KeyWitness.Of(server, _service);
        var before = await ClusterAsync(server);

        await server.KillAsync();
        server.BecomeAnotherCluster();
        await server.RestartAsync(wipe: true);

        await AssertBothKeysWithinAsync(BackAgain, server, host);
        Assert.NotEqual(before, await ClusterAsync(server));
        // The watch of the own keys has moved to the new cluster, too, so changes by others are noticed.
        await server.PutAllAsync(Enumerable.Range(0, 20).Select(i => ($"/other/{i}", "x")));
        await AssertPutAgainAsync(server, host, () => server.DeleteAsync(Prefix));
        await witness.AssertNeverTwoKeysAsync();
    }

    [Fact]
    public async Task Etcd_RestoredToAnOlderRevision_BothKeysAreRestoredWithin3Seconds()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        server.Save();
        await server.RestartAsync(wipe: false);
        await server.PutAllAsync(Enumerable.Range(0, 50).Select(i => ($"/other/{i}", "x")));
        for (var i = 0; i < 20; i++)
        {
            await server.PutAsync("/other/0", $"{i}");
        }

        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await using var witness = KeyWitness.Of(server, _service);

        await server.KillAsync();
        server.Restore();
        await server.RestartAsync(wipe: false);

        await AssertBothKeysWithinAsync(BackAgain, server, host);
        await AssertPutAgainAsync(server, host, () => server.DeleteAsync(Prefix));
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Lease_RevokedByOthers_IsReplacedWithin2Seconds(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server, "00:00:10"));
        await using var witness = KeyWitness.Of(server, _service);

        for (var i = 0; i < 3; i++)
        {
            var lease = (await InstanceAsync(server, host)).Lease!;
            await AssertPutAgainAsync(server, host, () => server.RevokeAsync(lease));
            Assert.NotEqual(lease, (await InstanceAsync(server, host)).Lease);
        }

        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task HostKey_DeletedByOthers_IsRestoredWithin2SecondsUnderTheSameLease(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await using var witness = KeyWitness.Of(server, _service);
        var before = await InstanceAsync(server, host);

        for (var i = 0; i < 10; i++)
        {
            await AssertPutAgainAsync(server, host, () => server.DeleteAsync(Prefix));
        }

        Assert.Equal(before, await InstanceAsync(server, host));
        Assert.Empty(host.Logs.Of("SessionLost"));
        await witness.AssertNeverTwoKeysAsync();
    }

    [Fact]
    public async Task InfoKey_DeletedByOthers_IsRestoredWithin2Seconds()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        var before = await server.FindAsync(InfoKey);

        var acting = Stopwatch.StartNew();
        await server.DeleteAsync(InfoKey);
        await Eventually.TrueAsync(async () => await server.FindAsync(InfoKey) == before, "the description is restored");

        Assert.InRange(acting.Elapsed, TimeSpan.Zero, PutAgain);
    }

    [Fact]
    public async Task HostKey_OverwrittenByOthers_IsRestoredWithOneWarning()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await using var witness = KeyWitness.Of(server, _service);
        var before = await InstanceAsync(server, host);

        for (var i = 0; i < 10; i++)
        {
            await AssertPutAgainAsync(server, host, () => server.PutAsync(before.Key, $"nonsense {i}"));
        }

        Assert.Equal(before, await InstanceAsync(server, host));
        Assert.Single(host.Logs.Of("Overwritten"));
        await witness.AssertNeverTwoKeysAsync();
    }

    /// <summary>As after restoring a backup: the value is correct, but the key has no lease and would never expire.</summary>
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task HostKey_PutByOthersWithTheSameValueAndNoLease_IsPutUnderTheLeaseAgainAndWithdrawn(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        // Once changes by others are noticed, the watch is established.
        await AssertPutAgainAsync(server, host, () => server.DeleteAsync(Prefix));
        var before = await InstanceAsync(server, host);

        await AssertPutAgainAsync(server, host, () => server.PutAsync(before.Key, before.Value));

        Assert.Equal(before, await InstanceAsync(server, host));
        await host.StopAsync();
        Assert.Empty(await server.ReadAsync(Prefix));
    }

    private Dictionary<string, string?> Settings(EtcdServer server, string timeToLive = "00:00:02") =>
        new(server.Settings(_service)) { ["TimeToLive"] = timeToLive };

    private async Task<EtcdEntry> InstanceAsync(EtcdServer server, DiscoveryHost host)
    {
        var instance = Assert.Single(await server.ReadAsync(Prefix));
        Assert.Equal(Prefix + host.Registration.InstanceId, instance.Key);
        return instance;
    }

    private async Task AssertBothKeysWithinAsync(TimeSpan time, EtcdServer server, DiscoveryHost host)
    {
        var answering = Stopwatch.StartNew();
        await EventuallyThereAsync(server, host);
        await Eventually.TrueAsync(async () => await server.FindAsync(InfoKey) is not null, "the description is there");
        Assert.InRange(answering.Elapsed, TimeSpan.Zero, time);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
    }

    private Task EventuallyThereAsync(EtcdServer server, DiscoveryHost host) => Eventually.TrueAsync(
        async () => await server.FindAsync(Prefix + host.Registration.InstanceId) is { Lease: not null }, "the instance is there");

    /// <summary>Makes a change as another client, and asserts that the instance is restored under a lease with its own value.</summary>
    private async Task AssertPutAgainAsync(EtcdServer server, DiscoveryHost host, Func<Task> attackAsync)
    {
        var before = await InstanceAsync(server, host);
        var acting = Stopwatch.StartNew();
        await attackAsync();
        await Eventually.TrueAsync(
            async () => await server.FindAsync(before.Key) is { Lease: not null } now && now.Value == before.Value,
            "the instance is restored");
        Assert.InRange(acting.Elapsed, TimeSpan.Zero, PutAgain);
    }

    private static async Task<string?> ClusterAsync(EtcdServer server) =>
        (string?)(await server.PostAsync("/v3/kv/range", new JsonObject { ["key"] = "YQ==" }))["header"]!["cluster_id"];
}
