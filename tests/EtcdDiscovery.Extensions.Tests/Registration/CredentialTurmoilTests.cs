using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The same random events with real threads, through real hosts on one in-memory store.</summary>
public sealed class CredentialTurmoilTests
{
    private const int Seed = 3;
    private const int Steps = 2_000;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hosts_AmongConflictingWriters_AgreeAndStopWriting()
    {
        var dice = new Random(Seed);
        await using var store = new InMemoryDiscoveryStore();
        await using var fleet = new CredentialFleet(store);
        var hosts = new List<IServiceRegistration> { await fleet.StartAsync("a"), await fleet.StartAsync() };
        for (var i = 2; i < 5; i++)
        {
            hosts.Add(await fleet.StartAsync(null, settings => settings["Service:GenerateCredentials"] = "true"));
        }

        for (var step = 0; step < Steps; step++)
        {
            await InterfereAsync(fleet, hosts, dice.Next(6), $"{step}");
        }

        await Eventually.TrueAsync(async () => (await fleet.AgreementAsync()).Length == 1, "all agree");
        Assert.NotEqual("", Assert.Single(await fleet.AgreementAsync()));
        await ComesToRestAsync(store);
        Assert.Single(await fleet.AgreementAsync());
    }

    private static Task InterfereAsync(CredentialFleet fleet, List<IServiceRegistration> hosts, int how, string user) => how switch
    {
        0 => fleet.DeleteInfoAsync(),
        1 => fleet.PutInfoAsync(fleet.PrivateInfo()),
        2 => fleet.PutInfoAsync("{"),
        3 => fleet.PutInfoAsync(fleet.PublicInfo(null)),
        4 => hosts[user.Length].SetCredentialsAsync(new ServiceCredentials(user, "x"), Token).WaitAsync(Eventually.Patience, Token),
        _ => fleet.PutInfoAsync(fleet.PublicInfo(user)),
    };

    // Absence of writes has no event. An update loop would write many times during 25 polls.
    private static async Task ComesToRestAsync(InMemoryDiscoveryStore store)
    {
        var (last, calm) = (0L, 0);
        await Eventually.TrueAsync(
            async () =>
            {
                var revision = (await store.ReadAsync([StoreRange.Prefix("/")], Token)).Revision.Number;
                (last, calm) = (revision, revision == last ? calm + 1 : 0);
                return calm == 25;
            },
            "no host writes");
    }
}
