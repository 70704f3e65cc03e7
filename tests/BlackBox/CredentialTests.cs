using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>All instances of a public service share one user and password, as in Go.</summary>
public sealed class CredentialTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Directory => $"/services/{_service}/";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    [InlineData(EtcdVersion.Second, StoreName.V2)]
    public async Task Instances_RegisteredOneByOne_AllAdoptTheLastCredentials(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var a = await App.RegisterAsync(Public(keys, "a"));
        await using var seenByA = new Sequence<string?>(a.Registration.WatchUsersAsync);
        Assert.Equal("a", await seenByA.NextAsync());

        await using var b = await App.RegisterAsync(Public(keys, "b"));
        Assert.Equal("b", await seenByA.NextAsync());
        await using var c = await App.RegisterAsync(Public(keys, "c"));
        Assert.Equal("c", await seenByA.NextAsync());

        await WaitForCredentialsAsync(keys, new Login("c", "p-c"), a, b, c);
        Assert.Equal(PublicInfo("c"), await keys.FindAsync(InfoKey));
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Instance_WithoutCredentials_AdoptsThoseOfTheService(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var a = await App.RegisterAsync(Public(keys, "a"));

        await using var b = await App.RegisterAsync(Public(keys, null));

        await WaitForCredentialsAsync(keys, new Login("a", "p-a"), a, b);
    }

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Credentials_SetOnOneInstanceOrWrittenByOthers_ReachEveryInstanceAndApplication(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var a = await App.RegisterAsync(Public(keys, "a"));
        await using var b = await App.RegisterAsync(Public(keys, null));
        await using var seenByB = new Sequence<string?>(b.Registration.WatchUsersAsync);
        Assert.Equal("a", await seenByB.NextAsync());

        await a.Registration.SetCredentialsAsync(new Login("rotated", "p-rotated"), Token);
        Assert.Equal("rotated", await seenByB.NextAsync());
        await WaitForCredentialsAsync(keys, new Login("rotated", "p-rotated"), a, b);

        await keys.PutAsync(InfoKey, PublicInfo("go"));
        Assert.Equal("go", await seenByB.NextAsync());
        await WaitForCredentialsAsync(keys, new Login("go", "p-go"), a, b);
        // Adopting credentials does not write to etcd.
        Assert.Equal(PublicInfo("go"), await keys.FindAsync(InfoKey));
    }

    [Fact]
    public async Task Registration_UpdatedWithOtherCredentials_UpdatesEveryInstance()
    {
        using var keys = new RawKeys(await etcd.GetAsync(EtcdVersion.First));
        await using var a = await App.RegisterAsync(Public(keys, "a"));
        await using var b = await App.RegisterAsync(Public(keys, null));

        await a.Registration.UpdateAsync(
            new Registering(_service)
            {
                Hostname = "h.dev",
                Ports = new Dictionary<string, string> { ["http"] = "80" },
                Public = true,
                User = "next",
                Password = "p-next",
            },
            Token);

        await WaitForCredentialsAsync(keys, new Login("next", "p-next"), a, b);
    }

    [Theory]
    [InlineData(StoreName.V3, "private")]
    [InlineData(StoreName.V3, "public without credentials")]
    [InlineData(StoreName.V3, "{")]
    [InlineData(StoreName.V3, "")]
    [InlineData(StoreName.V2, "private")]
    public async Task Description_OverwrittenWithoutCredentials_IsRestoredAndInstancesKeepTheirs(string store, string value)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First)), store);
        await using var a = await App.RegisterAsync(Public(keys, "a"));
        await using var b = await App.RegisterAsync(Public(keys, null));
        await using var seenByB = new Sequence<string?>(b.Registration.WatchUsersAsync);
        Assert.Equal("a", await seenByB.NextAsync());

        await keys.PutAsync(InfoKey, value switch
        {
            "private" => PrivateInfo,
            "public without credentials" => PublicInfo(null),
            _ => value,
        });

        await Eventually.TrueAsync(async () => await keys.FindAsync(InfoKey) == PublicInfo("a"), "the description is restored");
        await WaitForCredentialsAsync(keys, new Login("a", "p-a"), a, b);
        await a.Registration.SetCredentialsAsync(new Login("next", "x"), Token);
        Assert.Equal("next", await seenByB.NextAsync()); // No update in between.
    }

    [Theory]
    [InlineData(StoreName.V3)]
    [InlineData(StoreName.V2)]
    public async Task PrivateInstance_OfAPublicService_KeepsItsCredentialsAndLeavesTheDescriptionAlone(string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First)), store);
        await using var shared = await App.RegisterAsync(Public(keys, "a"));

        await using var own = await App.RegisterAsync(new Dictionary<string, string?>(Public(keys, "own")) { [Setting.Public] = "false" });

        Assert.Equal(PublicInfo("a"), await keys.FindAsync(InfoKey));
        Assert.Equal((new Login("a", "p-a"), new Login("own", "p-own")), (shared.Registration.Credentials, own.Registration.Credentials));
        Assert.Equal(
            ["a", "own"],
            (await keys.ReadAsync(Directory)).Select(entry => UserIn(entry.Value)!.User).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(StoreName.V3)]
    [InlineData(StoreName.V2)]
    public async Task Description_Deleted_IsRestoredWithTheNewestCredentials(string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First)), store);
        await using var a = await App.RegisterAsync(Public(keys, "a"));
        await keys.PutAsync(InfoKey, PublicInfo("newest"));
        await WaitForCredentialsAsync(keys, new Login("newest", "p-newest"), a);

        await keys.DeleteAsync(InfoKey);

        await Eventually.TrueAsync(async () => await keys.FindAsync(InfoKey) == PublicInfo("newest"), "the description is restored");
        await WaitForCredentialsAsync(keys, new Login("newest", "p-newest"), a);
    }

    private string PrivateInfo => $$"""{"name":"{{_service}}","critical":false}""";

    private string PublicInfo(string? user) => user is null
        ? $$"""{"name":"{{_service}}","critical":false,"hostname":"h.dev","ports":{"http":"80"},"public":true}"""
        : $$"""{"name":"{{_service}}","critical":false,"hostname":"h.dev","user":"{{user}}","password":"p-{{user}}","ports":{"http":"80"},"public":true}""";

    private Dictionary<string, string?> Public(RawKeys keys, string? user) => new(keys.Settings(_service))
    {
        [Setting.Hostname] = "h.dev",
        [Setting.Ports + ":http"] = "80",
        [Setting.Public] = "true",
        [Setting.User] = user,
        [Setting.Password] = user is null ? null : "p-" + user,
    };

    /// <summary>Waits until the description, the key of each instance and each application have the same credentials.</summary>
    private Task WaitForCredentialsAsync(RawKeys keys, Login login, params App[] apps) => Eventually.TrueAsync(
        async () =>
        {
            var entries = await keys.ReadAsync(Directory);
            return entries.Count == apps.Length
                && entries.All(entry => UserIn(entry.Value) == login)
                && await keys.FindAsync(InfoKey) is { } info && UserIn(info) == login
                && apps.All(app => app.Registration.Credentials == login);
        },
        $"all have the credentials of {login.User}");

    private static Login? UserIn(string value) =>
        JsonNode.Parse(value) is { } json && (string?)json["user"] is { } user ? new Login(user, (string?)json["password"] ?? "") : null;
}
