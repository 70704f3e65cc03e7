using System.Net;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Transport;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>A real etcd with authentication and roles per prefix, set up as described in docs/security.md.</summary>
public sealed class EtcdAuthTests
{
    private const int Probes = 200;

    private const string AuthenticationsMetric =
        """grpc_server_started_total{grpc_method="Authenticate",grpc_service="etcdserverpb.Auth",grpc_type="unary"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_WithARoleForThePrefixes_SurvivesExpiredTokensAndRestarts(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        var lease = await LeaseAsync(server);
        await AssertSeesNewServiceAsync(host, server);

        await WaitUntilTokensExpireAsync(server);
        await AssertSeesNewServiceAsync(host, server);
        host.Change(("Service:Zone", "z1"));
        await Eventually.TrueAsync(async () => (await ReadAsync(server, "/services/")).Contains("\"z1\"", StringComparison.Ordinal), "the change is written");

        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(() => SucceedsAsync(() => AssertSeesNewServiceAsync(host, server)), "it reads with the new token");
        host.Change(("Service:Zone", "z2"));
        await Eventually.TrueAsync(async () => (await ReadAsync(server, "/services/")).Contains("\"z2\"", StringComparison.Ordinal), "the change is written again");
        Assert.Equal(lease, await LeaseAsync(server));

        await host.StopAsync();
        Assert.DoesNotContain("/services/shop/", await ReadAsync(server, "/services/"), StringComparison.Ordinal);
        Assert.NotEmpty(host.Logs.Of("SessionClosed"));
        Assert.Empty(host.Logs.Of("SessionLost"));
        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watch_StartedWithAnExpiredToken_SucceedsOnRetryWithoutDisturbingOthers(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var store = Store(server, "discovery", "change-me");
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);
        var revision = (await session.TryPutAsync([Put("/services/a/1")], Token))!.Value;
        await using var first = new StoreWatch(store, revision, StoreRange.Prefix("/services/a/"));
        await session.TryPutAsync([Put("/services/a/2")], Token);
        await first.NextAsync();

        var tokens = await server.GetMetricAsync(AuthenticationsMetric);
        await WaitUntilTokensExpireAsync(server);
        var failures = 0;
        StoreBatch? seen = null;
        await Eventually.TrueAsync(
            async () =>
            {
                await using var second = new StoreWatch(store, revision, StoreRange.Prefix("/services/a/"));
                try
                {
                    seen = await second.NextAsync();
                }
                catch (EtcdDiscoveryException e) when (e.IsTransient)
                {
                    failures++;
                }

                return seen is not null;
            },
            "a later watch succeeds");
        await session.TryPutAsync([Put("/services/a/3")], Token);

        Assert.InRange(failures, 0, 1);
        Assert.Equal(tokens + Probes + 1, await server.GetMetricAsync(AuthenticationsMetric));
        Assert.Equal("/services/a/3", Assert.Single((await first.NextAsync()).Events).Key);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Role_ReadOnly_ReadsButCannotWrite(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var store = Store(server, "consumer", "change-me-too");
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);

        Assert.Empty((await store.ReadAsync([StoreRange.Prefix("/services/")], Token)).Entries);
        await AssertDeniedAsync(() => session.TryPutAsync([Put("/services/a/1")], Token), "read and write /services/a/");
        await AssertDeniedAsync(() => session.DeleteAsync(["/services/a/1"], Token), "write /services/a/");
        await AssertDeniedAsync(() => store.ReadAsync([StoreRange.Prefix("/other/")], Token), "read /other/");
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/other/"));
        await AssertDeniedAsync(() => watch.NextAsync(), "read /other/");
    }

    [Fact]
    public async Task DisposeAsync_DeletionIsDenied_CompletesAndTheEntryEndsWithTheLease()
    {
        await using var server = await StartAsync(EtcdVersion.Second);
        await using var host = await DiscoveryHost.RegisterAsync(new(Settings(server)) { ["TimeToLive"] = "00:00:05" });
        var second = host.Registry.Register(new() { Name = "second" });
        await second.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        await AsRootAsync(server, "etcdctl user revoke-role discovery discovery");

        await second.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);

        Assert.Contains("permission denied", Assert.Single(host.Logs.Of("DeletionFailed")).Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(RegistrationState.Registered, host.Registration.State);
        await host.Registration.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, Token);
        await Eventually.TrueAsync(
            async () => !(await ReadAsync(server, "/services/")).Contains(DiscoveryHost.NodeHostname, StringComparison.Ordinal), "the entries expire");
    }

    [Fact]
    public async Task Password_ChangedInEtcdAndConfiguration_IsAppliedAndTheLeaseKept()
    {
        await using var server = await StartAsync(EtcdVersion.Second);
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server));
        var lease = await LeaseAsync(server);

        host.Change(("Etcd:Password", "brand-new"));
        await AsRootAsync(server, "echo brand-new | etcdctl user passwd discovery --interactive=false");
        host.Change(("Service:Zone", "z1"));

        await Eventually.TrueAsync(async () => (await ReadAsync(server, "/services/")).Contains("\"z1\"", StringComparison.Ordinal), "the change is written");
        Assert.Equal(lease, await LeaseAsync(server));
        Assert.Equal(HealthStatus.Healthy, (await host.CheckAsync()).Status);
    }

    [Fact]
    public async Task Password_Wrong_IsUnhealthyWithTheReasonAndNotShown()
    {
        await using var server = await StartAsync(EtcdVersion.First);
        await using var host = await DiscoveryHost.StartAsync(new(Settings(server)) { ["Etcd:Password"] = "hush-hush" });

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains(
                "invalid user ID or password; check EtcdDiscovery:Etcd:User and Password", StringComparison.Ordinal),
            "the health check states the reason");

        Assert.Equal(HealthStatus.Unhealthy, (await host.CheckAsync()).Status);
        Assert.All(host.Logs.Lines, line => Assert.DoesNotContain("hush-hush", line.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Authentication_EnabledLater_IsUsed()
    {
        await using var server = await StartAsync(EtcdVersion.First, enable: false);
        await using var store = Store(server, "discovery", "change-me");
        await using var other = Store(server, null, null);
        await store.ReadAsync([StoreRange.Prefix("/services/")], Token);

        await EtcdCtl.RunAsync(server, ["etcdctl auth enable"]);
        await store.ReadAsync([StoreRange.Prefix("/services/")], Token);
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => other.ReadAsync([StoreRange.Prefix("/services/")], Token));

        Assert.Equal(
            (false, $"Etcd at {server.Endpoint}: etcdserver: user name is empty; set EtcdDiscovery:Etcd:User and Password."),
            (error.IsTransient, error.Message));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public async Task User_AuthenticationDisabled_LogsOneWarning(bool isEnabled, bool hasUser)
    {
        await using var server = await StartAsync(EtcdVersion.Second, isEnabled);
        await using var host = await DiscoveryHost.RegisterAsync(hasUser ? Settings(server) : server.Settings("shop"));
        await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token);
        host.Change(("Etcd:Password", isEnabled ? "change-me" : "changed"));
        await host.Registration.SetStatusAsync(ServiceStatus.Maintenance, null, Token);

        Assert.Equal(hasUser && !isEnabled ? 1 : 0, host.Logs.Of("AuthenticationDisabled").Count());
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task KeyPrefix_RoleForItOnly_CausesNoDeniedRequest(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await AsRootAsync(server, SecurityGuide.Commands(1));
        Dictionary<string, string?> settings = new(Settings(server))
        {
            ["KeyPrefix"] = "/fleet-a",
            ["Etcd:User"] = "fleet-a",
            ["Etcd:Password"] = "change-me-a",
            ["Service:Public"] = "true",
        };
        await using var host = await DiscoveryHost.RegisterAsync(settings);
        await using var other = await DiscoveryHost.RegisterAsync(Settings(server));

        Assert.Equal(host.Registration.InstanceId, (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);
        Assert.Equal(other.Registration.InstanceId, (await other.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);
        host.Change(("Service:Zone", "z1"));
        await Eventually.TrueAsync(async () => (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Zone == "z1", "the change is seen");
        await server.KillAsync();
        await server.RestartAsync(wipe: false);
        host.Change(("Service:Zone", "z2"));
        await Eventually.TrueAsync(async () => (await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Zone == "z2", "the change is seen after the restart");
        await host.StopAsync();

        Assert.Equal("/fleet-a/services_infos/shop", (await AsRootAsync(
            server, "etcdctl get --prefix --keys-only /fleet-a")).Trim());
        Assert.DoesNotContain(host.Logs.Lines, line => line.ToString().Contains("permission denied", StringComparison.Ordinal));
    }

    private static StorePut Put(string key) => new(key, "{}"u8.ToArray());

    private static Task<EtcdServer> StartAsync(EtcdVersion version, bool enable = true) => EtcdServer.StartAsync(
        SharedEtcd.BinaryOf(version),
        new EtcdSecurity { Flags = ["--auth-token-ttl", "1", "--bcrypt-cost", "4"] },
        server => EtcdCtl.RunAsync(
            server, SecurityGuide.Commands(0).Where(line => enable || !line.Contains("auth enable", StringComparison.Ordinal))));

    private static EtcdStore Store(EtcdServer server, string? user, string? password) =>
        EtcdStores.Create(new EtcdOptions { Endpoints = [server.Endpoint], User = user, Password = password });

    private static Dictionary<string, string?> Settings(EtcdServer server) => SecurityGuide.Registering(server.Settings("shop"));

    private static Task<string> AsRootAsync(EtcdServer server, params IEnumerable<string> lines) =>
        EtcdCtl.RunAsync(server, SecurityGuide.Root, lines);

    private static Task<string> ReadAsync(EtcdServer server, string prefix) => AsRootAsync(server, $"etcdctl get --prefix {prefix}");

    private static async Task<string> LeaseAsync(EtcdServer server) =>
        (await AsRootAsync(server, "etcdctl lease list")).Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];

    private static async Task AssertSeesNewServiceAsync(DiscoveryHost host, EtcdServer server)
    {
        var name = UniqueName.Of("other");
        await AsRootAsync(server, $$"""etcdctl put /services/{{name}}/1 '{"name":"h"}'""");
        Assert.Single((await host.Resolver.GetSnapshotAsync(name, cancellationToken: Token)).Instances);
        await AsRootAsync(server, $$"""etcdctl put /services/{{name}}/2 '{"name":"h"}'""");
        await Eventually.TrueAsync(async () => (await host.Resolver.GetSnapshotAsync(name, cancellationToken: Token)).Instances.Length == 2, "the change is seen");
    }

    // Tokens expire one second after their last use, which simulates an hour of idling. A request renews its token, so each probe token
    // is used only rarely. All probes are newer than the tokens under test, so once etcd rejects a probe, those have expired too.
    private static async Task WaitUntilTokensExpireAsync(EtcdServer server)
    {
        var probes = new Queue<string>();
        while (probes.Count < Probes)
        {
            var answer = await server.PostAsync("/v3/auth/authenticate", new() { ["name"] = "consumer", ["password"] = "change-me-too" });
            probes.Enqueue((string)answer["token"]!);
        }

        await Eventually.TrueAsync(
            async () =>
            {
                var probe = probes.Dequeue();
                probes.Enqueue(probe);
                var error = await Record.ExceptionAsync(
                    () => server.PostAsync("/v3/kv/range", new() { ["key"] = Convert.ToBase64String("/services/"u8) }, probe));
                return error is HttpRequestException { StatusCode: HttpStatusCode.Unauthorized };
            },
            "the tokens have expired");
    }

    private static async Task<bool> SucceedsAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (EtcdDiscoveryException e) when (e.IsTransient)
        {
            return false;
        }
    }

    private static async Task AssertDeniedAsync(Func<Task> call, string missing)
    {
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(call);
        Assert.Contains("permission denied", error.Message, StringComparison.Ordinal);
        Assert.EndsWith($"; grant one of the roles of EtcdDiscovery:Etcd:User the permission to {missing}.", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTransient);
    }
}
