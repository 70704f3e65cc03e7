using System.Globalization;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The load of many registrations of one process on etcd, by etcd's own counters.</summary>
public sealed class UpdateCostTests
{
    private const int Count = 100;
    private const string KeepAlives = """grpc_server_started_total{grpc_method="LeaseKeepAlive",grpc_service="etcdserverpb.Lease",grpc_type="bidi_stream"}""";
    private const string Watches = """grpc_server_started_total{grpc_method="Watch",grpc_service="etcdserverpb.Watch",grpc_type="bidi_stream"}""";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Registrations_AHundredInOneProcess_ShareOneLeaseOneKeepAliveAndOneWatchStream(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        // Requests to the JSON gateway count as well, but the test makes no watches or renewals through it.
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["TimeToLive"] = "00:00:02" });
        var (keepAlives, watches) = (await server.GetMetricAsync(KeepAlives), await server.GetMetricAsync(Watches));
        var granted = await server.GetMetricAsync("etcd_debugging_lease_granted_total");
        var before = await RevisionAsync(server);

        var registrations = new List<IServiceRegistration>();
        for (var i = 0; i < Count; i++)
        {
            registrations.Add(host.Registry.Register(Options(i)));
        }

        await Task.WhenAll(registrations.Select(registration => registration.WaitUntilRegisteredAsync(Token)))
            .WaitAsync(Eventually.Patience, Token);
        // Each registration has its watches, and the lease has been renewed at least twice.
        await Eventually.TrueAsync(
            async () => await server.GetMetricAsync("etcd_debugging_mvcc_watcher_total") >= 2 * Count, "all watches are established");
        await Eventually.TrueAsync(
            async () => await server.GetMetricAsync("etcd_debugging_lease_renewed_total") >= 2, "the lease is renewed");

        var entries = await server.ReadAsync("/services/");
        Assert.Equal(Count, entries.Count);
        Assert.Single(entries.Select(entry => entry.Lease).Distinct());
        Assert.Equal(1, await server.GetMetricAsync("etcd_debugging_lease_granted_total") - granted);
        Assert.Equal(1, await server.GetMetricAsync(KeepAlives) - keepAlives);
        Assert.Equal(1, await server.GetMetricAsync(Watches) - watches);
        Assert.Equal(1, await server.GetMetricAsync("etcd_debugging_mvcc_watch_stream_total"));
        // Each key was put once: no registration takes its own writes for those of others.
        Assert.Equal(Count, await RevisionAsync(server) - before);
    }

    private static async Task<long> RevisionAsync(EtcdServer server) => long.Parse(
        (string)(await server.PostAsync("/v3/kv/range", new() { ["key"] = "eA==" }))["header"]!["revision"]!, CultureInfo.InvariantCulture);

    private static ServiceRegistrationOptions Options(int number) => new() { Name = $"shop-{number}", Hostname = "h.dev" };
}
