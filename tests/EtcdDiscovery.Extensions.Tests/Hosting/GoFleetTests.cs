using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Registration;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>.NET hosts and Go hosts (replayed from recordings) of one service on the v2 keys API.</summary>
public sealed class GoFleetTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("fleet");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Directory => $"/services/{_service}";

    private string InfoKey => $"/services_infos/{_service}";

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Credentials_OfTheLastRegistration_ReachGoAndDotNetHosts(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var a = await GoHost.StartAsync(api.Server, _service, "a");
        await using var b = await DiscoveryHost.RegisterAsync(Public(api.Server, "b"));
        await WaitForStateAsync(() => string.Join(' ', a.Users), "a b");
        await using var seenByB = new CredentialReader(b.Registration);
        Assert.Equal("b", await seenByB.NextAsync());

        await using var c = await GoHost.StartAsync(api.Server, _service, "c");

        Assert.Equal("c", await seenByB.NextAsync());
        await WaitForStateAsync(() => string.Join(' ', a.Users), "a b c");
        await Eventually.TrueAsync(
            async () => (await api.ListAsync(Directory)) is { Count: 3 } hosts && hosts.All(host => UserOf(host) == "c"),
            "all three keys have the last user");
        await b.Registration.SetCredentialsAsync(new ServiceCredentials("d", "p"), Token);
        await WaitForStateAsync(() => $"{a.Users[^1]} {c.Users[^1]}", "d d");
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Description_OverwrittenByAPrivateGoHost_IsRestoredWithCredentials(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var go = await GoHost.StartAsync(api.Server, _service, "a");
        await using var dotNet = await DiscoveryHost.RegisterAsync(Public(api.Server));
        Assert.Equal("a", dotNet.Registration.Credentials?.User);

        await using var privateGo = await GoHost.StartAsync(api.Server, _service, "", isPublic: false);

        await Eventually.TrueAsync(
            async () => UserOf((await api.FindAsync(InfoKey))!) == "a" && go.Users.Count > 1 && go.Users[^1] == "a",
            "the description is public again, and the Go host has its user again");
        Assert.Equal("a", dotNet.Registration.Credentials?.User);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task DotNetHost_RegistersAndStops_GoSubscribersSeeOneNewAndOneDown(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        var index = await api.IndexAsync();
        await using var host = await DiscoveryHost.RegisterAsync(Public(api.Server, "u"));
        var id = host.Registration.InstanceId;

        var change = await api.WaitAsync(Directory, index, recursive: true);
        // SubscribeNew in Go reports this change as a new host.
        Assert.Equal(("set", true, $"{Directory}/{id}"), Describe(change));

        // Refreshes cause no change until the host stops.
        var registered = IndexOf(change["node"]!);
        var waiting = api.WaitAsync(Directory, registered, recursive: true);
        var refreshes = new HashSet<long>();
        await Eventually.TrueAsync(
            async () => refreshes.Add(IndexOf((await api.FindAsync($"{Directory}/{id}"))!)) && refreshes.Count > 4, "it is refreshed");
        await host.StopAsync();
        change = await waiting.WaitAsync(Eventually.Patience, Token);
        // SubscribeDown in Go reports this change.
        Assert.Equal(("delete", false, $"{Directory}/{id}"), Describe(change));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task GoHosts_RegisterAndStop_DotNetWatchersSeeTheReason(EtcdVersion version)
    {
        var server = await etcd.GetAsync(SharedEtcd.WithV2(version));
        await using var watcher = await DiscoveryHost.StartAsync(V2Api.Settings(server));
        await using var changes = new DrainReader(watcher.Resolver, _service);
        await using var stopped = await GoHost.StartAsync(server, _service, "u");
        Assert.Equal("Up", await changes.NextAsync());
        Assert.Equal(stopped.Id + "-node-1.internal.dev", (await watcher.Resolver.GetFirstInstanceAsync(_service, cancellationToken: Token)).Id);

        await stopped.StopAsync();
        Assert.Equal("Down Unregistered", await changes.NextAsync());

        await using var killed = await GoHost.StartAsync(server, _service, "u");
        Assert.Equal("Up", await changes.NextAsync());
        await killed.KillAsync();
        Assert.Equal("Down Expired", await changes.NextAsync());
    }

    [Fact]
    public async Task GoHost_RewritesItsKey_DotNetWatchersSeeNoChange()
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First)));
        await using var watcher = await DiscoveryHost.StartAsync(V2Api.Settings(api.Server));
        await using var changes = new DrainReader(watcher.Resolver, _service);
        await using var go = await GoHost.StartAsync(api.Server, _service, "u");
        Assert.Equal("Up", await changes.NextAsync());
        var index = await api.IndexAsync();

        Assert.Equal("set", (string?)(await api.WaitAsync(Directory, index, recursive: true))["action"]);

        await go.StopAsync();
        Assert.Equal("Down Unregistered", await changes.NextAsync());
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task DotNetHost_KeyDeletedManually_RegistersAgainUnderTheSameId(EtcdVersion version)
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(version)));
        await using var host = await DiscoveryHost.RegisterAsync(Public(api.Server));
        var key = $"{Directory}/{host.Registration.InstanceId}";
        var value = (string?)(await api.FindAsync(key))!["value"];

        await api.DeleteAsync(key);
        await Eventually.TrueAsync(async () => (string?)(await api.FindAsync(key))?["value"] == value, "the key is back");

        await api.DeleteAsync(Directory, recursive: true);
        await Eventually.TrueAsync(async () => (string?)(await api.FindAsync(key))?["value"] == value, "the directory is back");
        await api.DeleteAsync(InfoKey);
        await Eventually.TrueAsync(async () => await api.FindAsync(InfoKey) is not null, "the description is back");
    }

    [Fact]
    public async Task DotNetHost_WithADrainDelay_IsMarkedBeforeItIsDeleted()
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First)));
        var settings = Public(api.Server);
        settings["DrainDelay"] = "00:00:00.5";
        await using var host = await DiscoveryHost.RegisterAsync(settings);
        var index = await api.IndexAsync();

        var stopping = host.StopAsync();
        var marked = await api.WaitAsync(Directory, index, recursive: true);
        var deleted = await api.WaitAsync(Directory, IndexOf(marked["node"]!), recursive: true);
        await stopping;

        Assert.Equal(("set", false), (Describe(marked).Action, Describe(marked).IsNew));
        Assert.Contains("\"status\":\"draining\"", (string?)marked["node"]!["value"], StringComparison.Ordinal);
        Assert.Equal("delete", Describe(deleted).Action);
    }

    [Fact]
    public async Task DotNetHost_DescriptionIsADirectory_HealthCheckSaysSo()
    {
        using var api = new V2Api(await etcd.GetAsync(SharedEtcd.WithV2(EtcdVersion.First)));
        await api.SetAsync($"{InfoKey}/b", "{}");

        await using var host = await DiscoveryHost.StartAsync(Public(api.Server));

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains("is a directory in etcd", StringComparison.Ordinal),
            "the health check states the reason");
    }

    [Theory]
    [InlineData(EtcdVersion.First, true)]
    [InlineData(EtcdVersion.Second, true)]
    [InlineData(EtcdVersion.First, false)]
    public async Task DotNetHost_EtcdDownForLongerThanTheTimeToLive_RegistersAgain(EtcdVersion version, bool wipe)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(version)));
        using var api = new V2Api(server);
        await using var watcher = await DiscoveryHost.StartAsync(V2Api.Settings(server));
        await using var host = await DiscoveryHost.RegisterAsync(Public(server, "u"));
        var key = $"{Directory}/{host.Registration.InstanceId}";
        Assert.Single(await watcher.Resolver.GetInstancesAsync(_service, cancellationToken: Token));

        await server.KillAsync();
        await host.WaitForLostRegistrationAsync();
        Assert.Single(await watcher.Resolver.GetInstancesAsync(_service, cancellationToken: Token));
        await server.RestartAsync(wipe);

        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await watcher.WaitForHealthAsync(HealthStatus.Healthy);
        Assert.NotNull(await api.FindAsync(key));
        Assert.Equal("u", UserOf((await api.FindAsync(InfoKey))!));
        var found = Assert.Single(await watcher.Resolver.GetInstancesAsync(_service, cancellationToken: Token));
        Assert.Equal(host.Registration.InstanceId, found.Id);
        await host.StopAsync();
        await Eventually.TrueAsync(
            async () => (await watcher.Resolver.GetSnapshotAsync(_service, cancellationToken: Token)).Instances.IsEmpty, "the watcher sees the host leave");
    }

    private Dictionary<string, string?> Public(EtcdServer server, string? user = null) => new(V2Api.Settings(server, _service))
    {
        ["Service:Hostname"] = "public-domain.dev",
        ["Service:Ports:http"] = "80",
        ["Service:Public"] = "true",
        ["Service:User"] = user,
        ["Service:Password"] = user is null ? null : "secret",
    };

    private static async Task WaitForStateAsync(Func<string> state, string expected) =>
        await Eventually.TrueAsync(() => Task.FromResult(state() == expected), $"'{expected}'");

    private static (string? Action, bool IsNew, string? Key) Describe(JsonNode change) =>
        ((string?)change["action"], change["prevNode"] is null, (string?)change["node"]!["key"]);

    private static long IndexOf(JsonNode node) => node["modifiedIndex"]!.GetValue<long>();

    private static string? UserOf(JsonNode node) => (string?)JsonNode.Parse((string)node["value"]!)!["user"];
}
