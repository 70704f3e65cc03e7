using System.Diagnostics;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Hosts that generate credentials at the same moment agree on one user and password.</summary>
public sealed class CredentialStartTests(SharedEtcd etcd)
{
    [Fact]
    public async Task Hosts_StartedTogetherInMemory_AgreeWithinASecond()
    {
        for (var i = 0; i < 20; i++)
        {
            await using var store = new InMemoryDiscoveryStore();
            await using var fleet = new CredentialFleet(store);
            await StartTogetherAsync(fleet);
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Hosts_StartedTogetherOnEtcd_AgreeWithinASecond(EtcdVersion version)
    {
        for (var i = 0; i < 3; i++)
        {
            await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
            await StartTogetherAsync(fleet);
        }
    }

    private static async Task StartTogetherAsync(CredentialFleet fleet)
    {
        const int Count = 3;
        using var gate = new Barrier(Count);
        var hosts = await Task.WhenAll(Enumerable.Range(0, Count).Select(_ => Task.Run(() =>
        {
            gate.SignalAndWait(Eventually.Patience);
            return fleet.StartHostAsync(null, settings => settings["Service:GenerateCredentials"] = "true");
        })));
        var started = Stopwatch.StartNew();

        await Eventually.TrueAsync(async () => (await fleet.AgreementAsync()).Length == 1, "all agree");

        Assert.InRange(started.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        var agreed = hosts[0].Registration.Credentials!;
        Assert.All(hosts, host => Assert.Equal(agreed, host.Registration.Credentials));
        Assert.Matches("^[A-Za-z0-9]{32}$", agreed.User);
        Assert.Matches("^[A-Za-z0-9]{32}$", agreed.Password);
    }
}
