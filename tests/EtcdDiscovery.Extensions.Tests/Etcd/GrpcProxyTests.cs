using System.Net.NetworkInformation;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>The v3 store behind etcd's grpc-proxy, which assigns its own watch ids and never reports progress.</summary>
public sealed class GrpcProxyTests : IDisposable
{
    private const string Probes =
        """grpc_server_handled_total{grpc_code="OK",grpc_method="Status",grpc_service="etcdserverpb.Maintenance",grpc_type="unary"}""";

    // Idle watches are checked five times a second.
    private readonly FastClock _clock = new(speed: 10);
    private readonly LogCapture _log = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Watches_OfManyRanges_ReportTheirOwnChanges(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var proxy = await EtcdProxy.StartAsync(version, server);
        await using var store = EtcdStores.Create(proxy.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var after = (await session.TryPutAsync([new StorePut("/first", default)], Token))!.Value;

        // Includes duplicate ranges, which the proxy confirms itself.
        string[] services = [.. Enumerable.Range(0, 20).Select(i => $"/{i % 10}")];
        var watches = services.Select(service => new StoreWatch(
            store, after, StoreRange.Exact($"{service}/info"), StoreRange.Prefix($"{service}/instances/"))).ToList();
        foreach (var service in services.Distinct())
        {
            await session.TryPutAsync([new StorePut($"{service}/info", default), new StorePut($"{service}/instances/a", default)], Token);
        }

        foreach (var (watch, service) in watches.Zip(services))
        {
            var keys = (await watch.NextEventsAsync(2)).Select(change => change.Key);
            Assert.Equal([$"{service}/info", $"{service}/instances/a"], keys.Order(StringComparer.Ordinal));
            await watch.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task IdleWatch_ThroughTheProxy_IsKeptAndLoggedOnce(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var proxy = await EtcdProxy.StartAsync(version, server);
        await using var store = NewStore(proxy.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);
        var after = (await session.TryPutAsync([new StorePut("/a", default)], Token))!.Value;
        await using var watch = new StoreWatch(store, after, StoreRange.Prefix("/"));
        var connections = ConnectionsTo(proxy.Port);

        await Eventually.TrueAsync(() => Task.FromResult(_log.Of("WithoutProgress").Any()), "the missing progress is logged");
        var probes = await server.GetMetricAsync(Probes);
        await Eventually.TrueAsync(async () => await server.GetMetricAsync(Probes) >= probes + 3, "the member is probed");
        await session.RenewAsync(Token);
        await session.RenewAsync(Token);
        await session.TryPutAsync([new StorePut("/b", default)], Token);

        Assert.Equal("/b", Assert.Single((await watch.NextAsync()).Events).Key);
        Assert.Single(_log.Of("WithoutProgress"));
        Assert.Single(_log.Of("WatchStreamOpened"));
        Assert.Empty(_log.Of("WatchStreamEnded"));
        Assert.Equal(connections, ConnectionsTo(proxy.Port));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task IdleWatch_MemberOrProxyPausedWhileItIsProbed_Fails(bool pauseProxy)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var proxy = await EtcdProxy.StartAsync(EtcdVersion.First, server);
        await using var store = NewStore(proxy.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));
        await Eventually.TrueAsync(() => Task.FromResult(_log.Of("WithoutProgress").Any()), "probes replace progress reports");

        if (pauseProxy)
        {
            proxy.Pause();
        }
        else
        {
            server.Pause();
        }

        var error = await watch.FailureAsync<EtcdDiscoveryException>();
        Assert.Equal(($"Etcd at {proxy.Endpoint}: no answer within 20 s.", true), (error.Message, error.IsTransient));
    }

    [Fact]
    public async Task IdleWatch_EtcdPaused_Fails()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var store = NewStore(server.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));
        await Eventually.TrueAsync(() => Task.FromResult(_log.Of("WatchStreamOpened").Any()), "the watch is open");

        server.Pause();

        var error = await watch.FailureAsync<EtcdDiscoveryException>();
        Assert.Equal(($"Etcd at {server.Endpoint}: no answer within 20 s.", true), (error.Message, error.IsTransient));
        Assert.Empty(_log.Of("WithoutProgress"));
    }

    [Fact]
    public async Task IdleWatch_OnlyItsStreamIsUnresponsive_FailsAndKeepsTheConnection()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var store = NewStore(fake.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);
        await session.RenewAsync(Token);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.Progress) > 1), "progress is reported");

        fake.AnswersProgressRequests = false;
        var error = await watch.FailureAsync<EtcdDiscoveryException>();
        await session.RenewAsync(Token);

        Assert.Equal(
            ($"Etcd at {fake.Endpoint}: the watch stream is silent, although etcd answers.", true), (error.Message, error.IsTransient));
        Assert.Equal((1, 2), (fake.Connections, fake.Calls(FakeEtcd.KeepAlive)));
        Assert.Empty(_log.Of("WithoutProgress"));
    }

    [Fact]
    public async Task IdleWatch_ServerNeverReportsProgress_IsKeptAndLoggedOnce()
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.AnswersProgressRequests = false;
        await using var store = NewStore(fake.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(10), Token);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.Status) > 3), "the member is probed");
        await session.TryPutAsync([new StorePut("/a", default)], Token);

        Assert.Equal("/a", Assert.Single((await watch.NextAsync()).Events).Key);
        Assert.Single(_log.Of("WithoutProgress"));
        Assert.Empty(_log.Of("WatchStreamEnded"));
    }

    [Fact]
    public async Task IdleWatch_LoggerThrows_Fails()
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.AnswersProgressRequests = false;
        _log.Fails = eventName => eventName == "WithoutProgress";
        await using var store = NewStore(fake.Endpoint);
        await using var watch = new StoreWatch(store, default, StoreRange.Prefix("/"));

        Assert.True((await watch.FailureAsync<EtcdDiscoveryException>()).IsTransient);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Hosts_RegisterAndStop_SeeEachOther(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var proxy = await EtcdProxy.StartAsync(version, server);
        var settings = new Dictionary<string, string?> { ["Etcd:Endpoints:0"] = proxy.Endpoint, ["Service:Name"] = "shop", ["Service:Hostname"] = "shop.test" };
        await using var first = await DiscoveryHost.RegisterAsync(settings);
        await using var changes = new ChangeReader(first.Resolver.WatchAsync("shop", cancellationToken: Token));
        Assert.StartsWith($"Up {first.Registration.InstanceId} ", await changes.NextAsync(), StringComparison.Ordinal);

        await using (var second = await DiscoveryHost.RegisterAsync(settings))
        {
            Assert.StartsWith($"Up {second.Registration.InstanceId} ", await changes.NextAsync(), StringComparison.Ordinal);
            await second.StopAsync();
        }

        Assert.StartsWith("Down", await changes.NextAsync(), StringComparison.Ordinal);
    }

    public void Dispose() => _log.Dispose();

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Lease_ThroughTheProxy_IsRenewedInTime(EtcdVersion version)
    {
        const string Renewals = "etcd_debugging_lease_renewed_total";
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var proxy = await EtcdProxy.StartAsync(version, server);
        await using var host = await DiscoveryHost.RegisterAsync(new()
        {
            ["Etcd:Endpoints:0"] = proxy.Endpoint,
            ["Service:Name"] = "shop",
            ["TimeToLive"] = "00:00:03",
        });

        await Eventually.TrueAsync(async () => await server.GetMetricAsync(Renewals) >= 8, "the lease is renewed repeatedly");

        Assert.Empty(host.Logs.Of("RenewalFailed"));
        Assert.Empty(host.Logs.Of("SessionLost"));
        Assert.Empty(host.Logs.Of("WatchStreamEnded"));
        Assert.Single(host.Logs.Of("WithoutProgress"));
    }

    private EtcdStore NewStore(string endpoint) => new(
        new EtcdOptions { Endpoints = [endpoint], RequestTimeout = TimeSpan.FromSeconds(20) },
        _clock,
        LoggerFactory.Create(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(_log)));

    // The proxy of etcd 3.5 has a connection to itself.
    private static HashSet<int> ConnectionsTo(int port) => [.. IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
        .Where(connection => connection.RemoteEndPoint.Port == port && connection.State == TcpState.Established)
        .Select(connection => connection.LocalEndPoint.Port)];
}
