using System.Diagnostics;
using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>A host whose etcd is wiped, replaced or set back, and whose keys and lease others lay hands on.</summary>
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
    public async Task Etcd_RestartedWithItsData_LosesNoKeyOfOurs(EtcdVersion version)
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
    public async Task Etcd_WipedAndRestartedEmpty_HasBothKeysAgainWithin3Seconds(EtcdVersion version, bool afterTheLoss)
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
    public async Task Etcd_ReplacedByAnotherClusterThatIsFurtherOn_HasBothKeysWithin3Seconds()
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
        // What others do there is noticed: the observer has come over, too.
        await server.PutAllAsync(Enumerable.Range(0, 20).Select(i => ($"/other/{i}", "x")));
        await AssertPutAgainAsync(server, host, () => server.DeleteAsync(Prefix));
        await witness.AssertNeverTwoKeysAsync();
    }

    [Fact]
    public async Task Etcd_SetBackToAnOlderRevision_HasBothKeysWithin3Seconds()
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
    public async Task Lease_RevokedBySomebodyElse_IsReplacedWithin2Seconds(EtcdVersion version)
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
    public async Task HostKey_DeletedBySomebodyElse_IsPutAgainWithin2SecondsUnderTheSameLease(EtcdVersion version)
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
    public async Task InfoKey_DeletedBySomebodyElse_IsPutAgainWithin2Seconds()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        var before = await server.FindAsync(InfoKey);

        var acting = Stopwatch.StartNew();
        await server.DeleteAsync(InfoKey);
        await Eventually.TrueAsync(async () => await server.FindAsync(InfoKey) == before, "the description is back");

        Assert.InRange(acting.Elapsed, TimeSpan.Zero, PutAgain);
    }

    [Fact]
    public async Task HostKey_OverwrittenBySomebodyElse_IsPutAgainAndWarnedOfOnce()
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

    /// <summary>As a restored backup does: the bytes are ours, but nothing would ever take them away.</summary>
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task HostKey_PutBySomebodyElseWithTheSameBytesAndNoLease_IsUnderOursAgainAndGoesWithUs(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        // Once others' doings are noticed, the host is known to watch.
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

    /// <summary>After an attack on it the instance is whole again, under a lease, with our value.</summary>
    private async Task AssertPutAgainAsync(EtcdServer server, DiscoveryHost host, Func<Task> attackAsync)
    {
        var before = await InstanceAsync(server, host);
        var acting = Stopwatch.StartNew();
        await attackAsync();
        await Eventually.TrueAsync(
            async () => await server.FindAsync(before.Key) is { Lease: not null } now && now.Value == before.Value,
            "the instance is put again");
        Assert.InRange(acting.Elapsed, TimeSpan.Zero, PutAgain);
    }

    private static async Task<string?> ClusterAsync(EtcdServer server) =>
        (string?)(await server.PostAsync("/v3/kv/range", new JsonObject { ["key"] = "YQ==" }))["header"]!["cluster_id"];
}
