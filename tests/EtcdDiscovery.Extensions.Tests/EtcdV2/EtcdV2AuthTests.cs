using EtcdDiscovery.EtcdV2;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Documentation;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Transport;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.EtcdV2;

/// <summary>The v2 keys API of a real etcd with authentication, set up as described in docs/security.md.</summary>
public sealed class EtcdV2AuthTests
{
    private const string Denied = "(error 110: Insufficient credentials); check EtcdDiscovery:Etcd:User and Password";

    // Checking a password takes long on a loaded machine, and the default timeout of etcdctl is 2 s.
    private const string EtcdCtlCommand = "etcdctl --timeout 30s --total-timeout 60s ";

    private const int V2Block = 2;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithARoleForThePrefixes_RegistersWatchesAndWithdraws(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        await AssertSeesNewServiceAsync(host, server);

        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        host.Change(("Service:Zone", "z1"));
        await Eventually.TrueAsync(
            async () => (await AsRootAsync(server, $"get {KeyOf(host)} || true")).Contains("\"z1\"", StringComparison.Ordinal), "the change is written");
        await AssertSeesNewServiceAsync(host, server);

        await host.StopAsync();
        Assert.DoesNotContain("/services/shop/", await AsRootAsync(server, "ls --recursive /services"), StringComparison.Ordinal);
        Assert.DoesNotContain(host.Logs.Lines, line => line.Message.Contains(Denied, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Role_ReadOnly_ReadsButCannotWrite(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var store = Store(server, "consumer", "change-me-too");
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);

        Assert.Empty((await store.ReadAsync([StoreRange.Prefix("/services/a/")], Token)).Entries);
        await AssertDeniedAsync(() => session.TryPutAsync([new StorePut("/services/a/1", "{}"u8.ToArray())], Token), "write /services/a/*");
        await AssertDeniedAsync(() => store.ReadAsync([StoreRange.Prefix("/other/")], Token), "read /other and what is below it");
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/other/"));
        await AssertDeniedAsync(() => watch.NextAsync(), "read /other and what is below it");
    }

    [Theory]
    [InlineData("discovery", "wrong")]
    [InlineData("unknown", "change-me")]
    [InlineData(null, null)]
    public async Task Credentials_Invalid_ArePermanentlyDenied(string? user, string? password)
    {
        await using var server = await StartAsync(EtcdVersion.First);
        await using var store = Store(server, user, password);

        await AssertDeniedAsync(() => store.ReadAsync([StoreRange.Prefix("/services/a/")], Token));
    }

    [Fact]
    public async Task User_ReplacedAtRunTime_IsAppliedAndTheKeyKept()
    {
        await using var server = await StartAsync(EtcdVersion.Second);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        var id = host.Registration.InstanceId;
        await AsRootAsync(server, "user add successor:brand-new");
        await AsRootAsync(server, "user grant successor --roles discovery");

        host.Change(("Etcd:User", "successor"), ("Etcd:Password", "brand-new"));
        await AsRootAsync(server, "user remove discovery");
        host.Change(("Service:Zone", "z1"));

        await Eventually.TrueAsync(
            async () => (await AsRootAsync(server, $"get {KeyOf(host)}")).Contains("\"z1\"", StringComparison.Ordinal), "the change is written");
        Assert.Equal(id, host.Registration.InstanceId);
        Assert.DoesNotContain(host.Logs.Lines, line => line.Message.Contains(Denied, StringComparison.Ordinal));
        Assert.Empty(host.Logs.Of("SessionLost"));
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public async Task User_AuthenticationDisabled_LogsOneWarning(bool hasUser, int warnings)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(SharedEtcd.WithV2(EtcdVersion.First)));
        Dictionary<string, string?> settings = new(V2Api.Settings(server, "shop"));
        if (hasUser)
        {
            (settings["Etcd:User"], settings["Etcd:Password"]) = ("discovery", "change-me");
        }

        await using var host = await DiscoveryHost.RegisterAsync(settings);
        await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token);

        Assert.Equal(warnings, host.Logs.Of("AuthenticationDisabled").Count());
    }

    [Fact]
    public async Task Password_Wrong_IsUnhealthyWithTheReasonAndNotShown()
    {
        await using var server = await StartAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(new(Settings(server)) { ["Etcd:Password"] = "hush-hush" });

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains(Denied, StringComparison.Ordinal), "the health check states the reason");

        Assert.Equal(HealthStatus.Unhealthy, (await host.CheckAsync()).Status);
        var encoded = Convert.ToBase64String("discovery:hush-hush"u8);
        Assert.All(host.Logs.Lines, line =>
        {
            Assert.DoesNotContain("hush-hush", line.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain(encoded, line.ToString(), StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task KeyPrefix_RoleForItOnly_CausesNoDeniedRequest(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await AsRootAsync(server, "role add fleet-a");
        await AsRootAsync(server, "role grant fleet-a --readwrite --path '/fleet-a/*'");
        await AsRootAsync(server, "user add fleet-a:change-me-a");
        await AsRootAsync(server, "user grant fleet-a --roles fleet-a");
        await using var host = await DiscoveryHost.RegisterAsync(new(Settings(server))
        {
            ["KeyPrefix"] = "/fleet-a",
            ["Etcd:User"] = "fleet-a",
            ["Etcd:Password"] = "change-me-a",
        });
        await using var other = await DiscoveryHost.RegisterAsync(Settings(server));

        Assert.Equal(host.Registration.InstanceId, (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);
        Assert.Equal(other.Registration.InstanceId, (await other.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);
        host.Change(("Service:Zone", "z1"));
        await Eventually.TrueAsync(async () => (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Zone == "z1", "the change is seen");
        Assert.Contains($"/fleet-a{KeyOf(host)}", await AsRootAsync(server, "ls --recursive /fleet-a"), StringComparison.Ordinal);
        await host.StopAsync();

        Assert.Equal(
            ["/fleet-a/services", "/fleet-a/services/shop", "/fleet-a/services_infos", "/fleet-a/services_infos/shop"],
            Markdown.Lines(await AsRootAsync(server, "ls --recursive /fleet-a")).Select(line => line.TrimEnd('/')).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Message.Contains(Denied, StringComparison.Ordinal));
    }

    private static Task<EtcdServer> StartAsync(EtcdVersion version) => EtcdServer.StartAsync(
        SharedEtcd.BinaryOf(SharedEtcd.WithV2(version)),
        new EtcdSecurity(),
        server => EtcdCtl.RunAsync(
            server,
            SecurityGuide.Commands(V2Block).Select(line => line.Replace("etcdctl ", EtcdCtlCommand, StringComparison.Ordinal))));

    private static string KeyOf(DiscoveryHost host) => $"/services/shop/{host.Registration.InstanceId}";

    private static Task<string> AsRootAsync(EtcdServer server, string command) => EtcdCtl.RunAsync(
        server, null, ["export ETCDCTL_API=2", $"{EtcdCtlCommand}--username {SecurityGuide.Root} {command}"]);

    private static EtcdV2Store Store(EtcdServer server, string? user, string? password) => EtcdV2Stores.Create(
        new EtcdOptions { Endpoints = [server.Endpoint], User = user, Password = password, RequestTimeout = TimeSpan.FromSeconds(20) });

    private static Dictionary<string, string?> Settings(EtcdServer server) => new(SecurityGuide.Registering(V2Api.Settings(server, "shop")))
    {
        ["Service:Public"] = "true",
        ["Etcd:RequestTimeout"] = "00:00:20",
    };

    private static async Task AssertSeesNewServiceAsync(DiscoveryHost host, EtcdServer server)
    {
        var name = UniqueName.Of("other");
        await AsRootAsync(server, $$"""set /services/{{name}}/1 '{"name":"h"}'""");
        await Eventually.TrueAsync(async () => await host.CountAsync(name) == 1, "the first instance is read");
        await AsRootAsync(server, $$"""set /services/{{name}}/2 '{"name":"h"}'""");
        await Eventually.TrueAsync(async () => await host.CountAsync(name) == 2, "the change is seen");
    }

    private static async Task AssertDeniedAsync(Func<Task> call, string missing = "")
    {
        var error = await Assert.ThrowsAnyAsync<EtcdDiscoveryException>(call);
        Assert.Contains(Denied, error.Message, StringComparison.Ordinal);
        Assert.Contains($"grant one of its roles the permission to {missing}", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }
}
