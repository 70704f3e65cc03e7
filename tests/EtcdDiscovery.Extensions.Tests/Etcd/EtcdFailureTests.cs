using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using EtcdDiscovery.Etcd;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Etcd;

/// <summary>The v3 store while etcd is down, unresponsive, wiped, replaced or without a leader. Each test has its own servers.</summary>
public sealed class EtcdFailureTests
{
    private static readonly StoreRange Everything = StoreRange.Prefix("/");
    private static readonly StorePut Put = new("/a", "1"u8.ToArray());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Endpoint_Refused_FailsNoCallWhileAnotherAnswers()
    {
        await using var server = await StartAsync();
        var dead = $"http://127.0.0.1:{FreePort()}";
        // The first endpoint is random, so some of the stores start with the dead one.
        for (var i = 0; i < 20; i++)
        {
            await using var store = EtcdStores.Create(dead, server.Endpoint);
            await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => store.ReadAsync([Everything], Token)));
        }

        await using var unreachable = EtcdStores.Create(dead, $"http://127.0.0.1:{FreePort()}");
        var failure = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => unreachable.ReadAsync([Everything], Token));
        Assert.EndsWith(": connection refused.", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.IsTransient);
    }

    [Fact]
    public async Task Call_OnADisposedConnection_IsUnsent()
    {
        await using var server = await StartAsync();
        var connection = new EtcdConnection(new Uri(server.Endpoint), new EtcdOptions(), TimeProvider.System);
        connection.Dispose();

        var failure = await Assert.ThrowsAsync<EtcdCallException>(() => connection.CallAsync(
            (etcd, options) => etcd.KV.RangeAsync(new() { Key = Google.Protobuf.ByteString.CopyFromUtf8("a") }, options), TimeSpan.FromSeconds(1), token: null, Token));

        Assert.True(failure.IsUnsent);
    }

    [Fact]
    public async Task Endpoint_NotAccepting_TimesOutWhileConnecting()
    {
        // A listener with a full backlog drops further connection attempts.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen(0);
        using var queued = new TcpClient();
        await queued.ConnectAsync((IPEndPoint)listener.LocalEndPoint!, Token);
        var endpoint = $"http://{listener.LocalEndPoint}";
        await using var store = EtcdStores.Create(endpoint);

        var failure = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => store.ReadAsync([Everything], Token));

        Assert.Equal(($"Etcd at {endpoint}: connecting took too long.", true), (failure.Message, failure.IsTransient));
    }

    [Fact]
    public async Task Endpoint_BlackHole_IsAbandonedByReadsWatchesAndRenewals()
    {
        await using var server = await StartAsync();
        await using var paused = await StartAsync();
        paused.Pause();
        for (var i = 0; i < 6; i++)
        {
            await using var store = EtcdStores.Create(TimeSpan.FromMilliseconds(300), paused.Endpoint, server.Endpoint);
            await using var watch = new StoreWatch(store, default, Everything);
            await using var session = await RetryOnceAsync(() => store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token));
            await RetryOnceAsync(async () => { await session.RenewAsync(Token); return true; });
        }
    }

    [Fact]
    public async Task Endpoint_PausedWhileInUse_IsAbandonedAndItsWatchesFail()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var store = EtcdStores.Create(TimeSpan.FromSeconds(3), cluster.Endpoints);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var revision = (await session.TryPutAsync([Put], Token))!.Value;
        await session.RenewAsync(Token);
        await using var watch = new StoreWatch(store, revision, Everything);
        await using var watch2 = new StoreWatch(store, revision, StoreRange.Exact("/b"));
        var inUse = await MemberWithWatchesAsync(cluster.Members);

        inUse.Pause();
        var failure = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.RenewAsync(Token));

        Assert.StartsWith($"Etcd at {inUse.Endpoint}: ", failure.Message, StringComparison.Ordinal);
        Assert.True(failure.IsTransient);
        Assert.True((await watch.FailureAsync<EtcdDiscoveryException>()).IsTransient);
        Assert.True((await watch2.FailureAsync<EtcdDiscoveryException>()).IsTransient);
        await Eventually.TrueAsync(() => SucceedsAsync(() => session.RenewAsync(Token)), "the lease is renewed elsewhere");
        await Eventually.TrueAsync(() => SucceedsAsync(() => session.TryPutAsync([Put], Token)), "a put succeeds elsewhere");
        await Eventually.TrueAsync(() => SucceedsAsync(() => AssertSeesChangeAsync(store, revision)), "the watch is resumed elsewhere");
    }

    [Fact]
    public async Task Quorum_Lost_EndsWatchesAndFailsRenewals()
    {
        await using var cluster = await EtcdCluster.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var store = EtcdStores.Create(cluster.Members[0].Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await session.RenewAsync(Token);
        await using var watch = new StoreWatch(store, (await session.TryPutAsync([Put], Token))!.Value, Everything);

        await cluster.Members[1].KillAsync();
        await cluster.Members[2].KillAsync();

        var failure = await watch.FailureAsync<EtcdDiscoveryException>();
        Assert.True(failure.IsTransient);
        Assert.Contains("no leader", failure.Message, StringComparison.Ordinal);
        Assert.True((await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.RenewAsync(Token))).IsTransient);
    }

    [Fact]
    public async Task Server_KilledAndRestarted_WatchFailsAndResumesWithoutGap()
    {
        await using var server = await StartAsync();
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await session.RenewAsync(Token);
        var revision = (await session.TryPutAsync([Put], Token))!.Value;
        await using var watch = new StoreWatch(store, revision, Everything);
        await using var other = new StoreWatch(store, revision, Everything);

        await server.KillAsync();
        Assert.True((await watch.FailureAsync<EtcdDiscoveryException>()).IsTransient);
        Assert.True((await other.FailureAsync<EtcdDiscoveryException>()).IsTransient);
        var failure = await Assert.ThrowsAsync<EtcdDiscoveryException>(() => session.TryPutAsync([Put], Token));
        Assert.Equal(($"Etcd at {server.Endpoint}: connection refused.", true), (failure.Message, failure.IsTransient));

        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(() => SucceedsAsync(() => session.RenewAsync(Token)), "the lease survives etcd's restart");
        await session.TryPutAsync([Put], Token);
        await using var resumed = new StoreWatch(store, revision, Everything);
        Assert.Equal("/a", Assert.Single((await resumed.NextAsync()).Events).Key);
    }

    [Fact]
    public async Task Server_Wiped_LosesHistoryAndSession()
    {
        await using var server = await StartAsync();
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await session.TryPutAsync([Put], Token);
        var revision = (await session.TryPutAsync([Put], Token))!.Value;

        await server.KillAsync();
        await server.RestartAsync(wipe: true);
        await Eventually.TrueAsync(() => SucceedsAsync(() => store.ReadAsync([Everything], Token)), "etcd is back");

        await using var watch = new StoreWatch(store, revision, Everything);
        Assert.Contains("returned to an earlier state", (await watch.FailureAsync<HistoryLostException>()).Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<SessionLostException>(() => session.RenewAsync(Token));
    }

    [Fact]
    public async Task Server_OfAnotherCluster_LosesHistory()
    {
        await using var server = await StartAsync();
        await using var store = EtcdStores.Create(server.Endpoint);
        var revision = (await store.ReadAsync([Everything], Token)).Revision;
        await using var watch = new StoreWatch(store, revision with { ClusterId = revision.ClusterId + 1 }, Everything);

        Assert.Contains("another etcd cluster", (await watch.FailureAsync<HistoryLostException>()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task History_Compacted_IsLostForLateWatchesOnly(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        var old = (await session.TryPutAsync([Put], Token))!.Value;
        await session.TryPutAsync([Put], Token);
        var latest = (await session.TryPutAsync([Put], Token))!.Value;
        await using var current = new StoreWatch(store, latest, Everything);
        await server.PostAsync("/v3/kv/compaction", new JsonObject { ["revision"] = latest.Number, ["physical"] = true });

        await using var late = new StoreWatch(store, old, Everything, StoreRange.Exact("/b"));
        Assert.Contains("compacted", (await late.FailureAsync<HistoryLostException>()).Message, StringComparison.Ordinal);

        await session.TryPutAsync([Put], Token);
        Assert.Equal("/a", Assert.Single((await current.NextAsync()).Events).Key);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Lease_RevokedExternally_LosesTheSession(EtcdVersion version)
    {
        await using var server = await StartAsync(version);
        await using var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await session.RenewAsync(Token);
        var leases = await server.PostAsync("/v3/lease/leases", []);
        await server.PostAsync("/v3/lease/revoke", new JsonObject { ["ID"] = leases["leases"]![0]!["ID"]!.DeepClone() });

        await Assert.ThrowsAsync<SessionLostException>(() => session.RenewAsync(Token));
        await Assert.ThrowsAsync<SessionLostException>(() => session.TryPutAsync([Put], Token));
        await session.CloseAsync(Token);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Store_WithManyWatches_UsesOneConnectionAndOneStream(EtcdVersion version)
    {
        const string Streams = "etcd_debugging_mvcc_watch_stream_total";
        const string Watchers = "etcd_debugging_mvcc_watcher_total";
        const string KeepAlives =
            """grpc_server_started_total{grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease",grpc_type="bidi_stream"}""";
        await using var server = await StartAsync(version);
        var store = EtcdStores.Create(server.Endpoint);
        await using var session = await store.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        for (var i = 0; i < 3; i++)
        {
            await session.RenewAsync(Token);
        }

        // One connection of the store, and a varying number of the fixture.
        var connections = ConnectionsTo(server.Port);
        var watches = Enumerable.Range(0, 20).Select(i => new StoreWatch(store, default, StoreRange.Prefix($"/{i}/"))).ToList();

        await Eventually.TrueAsync(async () => await server.GetMetricAsync(Watchers) == 20, "20 watches are open");
        Assert.Equal(1, await server.GetMetricAsync(Streams));
        Assert.Equal(1, await server.GetMetricAsync(KeepAlives));
        Assert.InRange(ConnectionsTo(server.Port), 1, connections);

        foreach (var watch in watches[..15])
        {
            await watch.DisposeAsync();
        }

        await Eventually.TrueAsync(async () => await server.GetMetricAsync(Watchers) == 5, "15 watches are cancelled");

        // The session is not disposed before the store; it must not keep the connection open.
        await store.DisposeAsync();
        await Eventually.TrueAsync(async () => await server.GetMetricAsync(Streams) == 0, "the stream is closed");
        await Eventually.TrueAsync(() => Task.FromResult(ConnectionsTo(server.Port) < connections), "the connection is closed");
        foreach (var watch in watches[15..])
        {
            await watch.DisposeAsync();
        }
    }

    private static Task<EtcdServer> StartAsync(EtcdVersion version = EtcdVersion.First) =>
        EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));

    private static async Task<EtcdServer> MemberWithWatchesAsync(IReadOnlyList<EtcdServer> members)
    {
        EtcdServer? found = null;
        await Eventually.TrueAsync(
            async () =>
            {
                foreach (var member in members)
                {
                    if (await member.GetMetricAsync("etcd_debugging_mvcc_watcher_total") == 2)
                    {
                        found = member;
                    }
                }

                return found is not null;
            },
            "a member has both watches");
        return found!;
    }

    private static async Task AssertSeesChangeAsync(IDiscoveryStore store, StoreRevision after)
    {
        await using var watch = new StoreWatch(store, after, Everything);
        Assert.Equal("/a", (await watch.NextAsync()).Events[0].Key);
    }

    private static async Task<T> RetryOnceAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (EtcdDiscoveryException e) when (e.IsTransient)
        {
            return await call();
        }
    }

    private static async Task<bool> SucceedsAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (EtcdDiscoveryException e) when (e.IsTransient && e is not SessionLostException)
        {
            return false;
        }
    }

    private static int ConnectionsTo(int port) => IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpConnections()
        .Count(connection => connection.RemoteEndPoint.Port == port && connection.State == TcpState.Established);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
