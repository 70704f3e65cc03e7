using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The hosts of a public service share one user and password, on a real etcd.</summary>
public sealed class CredentialSharingTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Hosts_RegisteringOneByOne_AdoptTheLastExplicitCredentials(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        var a = await fleet.StartAsync("a");
        await using var seenByA = new CredentialReader(a);
        Assert.Equal("a", await seenByA.NextAsync());

        var b = await fleet.StartAsync("b");
        Assert.Equal("b", await seenByA.NextAsync());
        var c = await fleet.StartAsync("c");
        Assert.Equal("c", await seenByA.NextAsync());

        await fleet.WaitForCredentialsAsync("c");
        Assert.All([a, b, c], host => Assert.Equal(new ServiceCredentials("c", "p-c"), host.Credentials));
        Assert.Equal(fleet.PublicInfo("c"), await fleet.InfoAsync());
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithoutCredentials_AdoptsThoseOfTheService(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        await fleet.PutInfoAsync(fleet.PublicInfo("go"));

        var host = await fleet.StartAsync();

        Assert.Equal(new ServiceCredentials("go", "p-go"), host.Credentials);
        await fleet.WaitForCredentialsAsync("go");
        Assert.Contains("\"user\":\"go\",\"password\":\"p-go\"", Assert.Single(await fleet.InstancesAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_GeneratingCredentials_AdoptsThoseOfTheService()
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        await fleet.StartAsync("a");

        await fleet.StartAsync(null, settings => settings["Service:GenerateCredentials"] = "true");

        await fleet.WaitForCredentialsAsync("a");
    }

    [Fact]
    public async Task Host_RestartedWithoutCredentials_KeepsThoseOfTheService()
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        var stays = await fleet.StartAsync("a");
        await stays.SetCredentialsAsync(new ServiceCredentials("rotated", "x"), Token);
        var restarts = await fleet.StartHostAsync();
        await restarts.RegisteredAsync();
        await fleet.WaitForCredentialsAsync("rotated");

        await restarts.StopAsync();
        await fleet.StartAsync();

        await fleet.WaitForCredentialsAsync("rotated");
        Assert.Equal(new ServiceCredentials("rotated", "x"), stays.Credentials);
    }

    [Fact]
    public async Task Host_OverwritingWithoutCredentialsInAFleetThatOverwrites_ClearsThemAll()
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        await fleet.StartAsync("a", Overwrite);
        await fleet.StartAsync("b", Overwrite);
        await fleet.WaitForCredentialsAsync("b");

        await fleet.StartAsync(null, Overwrite);

        await fleet.WaitForCredentialsAsync(null);
        Assert.Equal(fleet.PublicInfo(null), await fleet.InfoAsync());
        await fleet.StartAsync("c", Overwrite);
        await fleet.WaitForCredentialsAsync("c");
    }

    [Fact]
    public async Task Host_OverwritingWithoutCredentialsAmongHostsThatShare_AdoptsTheirs()
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        await fleet.StartAsync("a");

        await fleet.StartAsync(null, Overwrite);

        await fleet.WaitForCredentialsAsync("a");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Description_WrittenByOthersWithNewCredentials_ReachesEveryHostAndApplication(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        var a = await fleet.StartAsync("a");
        await fleet.StartAsync();
        await using var seenByA = new CredentialReader(a);
        Assert.Equal("a", await seenByA.NextAsync());

        await fleet.PutInfoAsync(fleet.PublicInfo("go"));

        Assert.Equal("go", await seenByA.NextAsync());
        Assert.Equal(new ServiceCredentials("go", "p-go"), a.Credentials);
        await fleet.WaitForCredentialsAsync("go");
        // Go's bytes are not changed: adopting credentials does not write to etcd.
        Assert.Equal(fleet.PublicInfo("go"), await fleet.InfoAsync());
    }

    [Theory]
    [InlineData("private")]
    [InlineData("public without credentials")]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}")]
    [InlineData("null")]
    public async Task Description_OverwrittenWithoutCredentials_IsRestoredAndHostsKeepTheirs(string value)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        var hosts = new[] { await fleet.StartAsync("a"), await fleet.StartAsync() };
        await fleet.WaitForCredentialsAsync("a");
        await using var seen = new CredentialReader(hosts[1]);
        Assert.Equal("a", await seen.NextAsync());

        await fleet.PutInfoAsync(value switch
        {
            "private" => fleet.PrivateInfo(),
            "public without credentials" => fleet.PublicInfo(null),
            _ => value,
        });

        await Eventually.TrueAsync(async () => await fleet.InfoAsync() == fleet.PublicInfo("a"), "the description is restored");
        await fleet.WaitForCredentialsAsync("a");
        await hosts[0].SetCredentialsAsync(new ServiceCredentials("next", "x"), Token);
        Assert.Equal("next", await seen.NextAsync()); // No update in between.
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Description_Deleted_IsRestoredWithTheNewestCredentialsWithinTwoSeconds(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        await fleet.StartAsync("a");
        await fleet.StartAsync();
        await fleet.PutInfoAsync(fleet.PublicInfo("newest"));
        await fleet.WaitForCredentialsAsync("newest");

        var deleted = TimeProvider.System.GetTimestamp();
        await fleet.DeleteInfoAsync();
        await Eventually.TrueAsync(async () => await fleet.InfoAsync() is not null, "the description is restored");

        Assert.InRange(TimeProvider.System.GetElapsedTime(deleted), TimeSpan.Zero, TimeSpan.FromSeconds(2));
        await fleet.WaitForCredentialsAsync("newest");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task SetCredentials_OnOneOfThreeHosts_RotatesTheWholeService(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        await fleet.StartAsync("a");
        var b = await fleet.StartAsync();
        var c = await fleet.StartAsync();
        await using var seenByC = new CredentialReader(c);
        Assert.Equal("a", await seenByC.NextAsync());

        await b.SetCredentialsAsync(new ServiceCredentials("rotated", "secret"), Token);

        Assert.Contains("\"user\":\"rotated\",\"password\":\"secret\"", (await fleet.InfoAsync())!, StringComparison.Ordinal);
        Assert.Equal("rotated", await seenByC.NextAsync());
        await fleet.WaitForCredentialsAsync("rotated");
        Assert.Equal(new ServiceCredentials("rotated", "secret"), c.Credentials);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task PrivateService_WithCredentials_KeepsThemOnItsInstance(EtcdVersion version)
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(version));
        var a = await fleet.StartAsync("a", settings => settings["Service:Public"] = "false");
        var b = await fleet.StartAsync("b", settings => settings["Service:Public"] = "false");

        await b.SetCredentialsAsync(new ServiceCredentials("b2", "x"), Token);

        Assert.Equal(("a", "b2"), (CredentialFleet.UserOf(a), CredentialFleet.UserOf(b)));
        Assert.Equal(fleet.PrivateInfo(), await fleet.InfoAsync());
        var instances = await fleet.InstancesAsync();
        Assert.Single(instances, instance => instance.Contains("\"user\":\"a\"", StringComparison.Ordinal));
        Assert.Single(instances, instance => instance.Contains("\"user\":\"b2\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task PrivateHost_OfAPublicService_SharesNothing()
    {
        await using var fleet = new CredentialFleet(await etcd.GetAsync(EtcdVersion.First));
        var shared = await fleet.StartAsync("a");

        var own = await fleet.StartAsync("own", settings => settings["Service:Public"] = "false");

        Assert.Equal(("a", "own"), (CredentialFleet.UserOf(shared), CredentialFleet.UserOf(own)));
        Assert.Equal(fleet.PublicInfo("a"), await fleet.InfoAsync());
    }

    private static void Overwrite(Dictionary<string, string?> settings) => settings["Service:CredentialPolicy"] = "Overwrite";
}
