using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>A process that is frozen for longer than its lease lives, and continues.</summary>
public sealed class PausedProcessTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private string Prefix => $"/services/{_service}/";

    [Fact]
    public async Task Process_FrozenForLongerThanTheTimeToLive_RegistersWithin2SecondsUnderTheSameId()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        await using var process = ServiceProcess.Start(server, _service, "00:00:02");
        await using var witness = KeyWitness.Of(server, _service);
        await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 1, "the process is registered");
        var before = Assert.Single(await server.ReadAsync(Prefix));

        process.Pause();
        await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 0, "the key has expired");
        var continuing = Stopwatch.StartNew();
        process.Continue();
        await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 1, "the process is registered again");

        Assert.InRange(continuing.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var after = Assert.Single(await server.ReadAsync(Prefix));
        Assert.Equal((before.Key, before.Value), (after.Key, after.Value));
        Assert.NotEqual(before.Lease, after.Lease);
        await witness.AssertNeverTwoKeysAsync();
    }
}
