using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>During an outage, known services are served from memory, and other queries fail soon with the reason.</summary>
public sealed class ResolverOutageTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Snapshot_EtcdUnreachable_IsStaleAndThenLiveAgain(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAllAsync([("/services/shop/a", Instance("a.dev")), ("/services/shop/b", Instance("b.dev"))]);
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal(["Up a a.dev", "Up b b.dev"], [await changes.NextAsync(), await changes.NextAsync()]);
        var live = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        Assert.Equal(SnapshotSource.Live, live.Source);

        await server.KillAsync();
        await SourceIsAsync(host, SnapshotSource.Stale);
        var stale = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        Assert.Equal(live.Instances, stale.Instances);
        Assert.InRange(stale.AsOf, live.AsOf, DateTimeOffset.UtcNow);
        Assert.Equal(stale.AsOf, (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).AsOf);
        Assert.Equal("http://a.dev:80", (await host.Resolver.GetFirstInstanceAsync(Service, cancellationToken: Token)).GetUri().OriginalString);
        Assert.NotNull(await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token));

        await server.RestartAsync(wipe: false);
        await SourceIsAsync(host, SnapshotSource.Live);
        // The same objects, because nothing changed and no change may be reported.
        Assert.Equal<ServiceInstance>(live.Instances, (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances, ReferenceEquals);
        await server.PutAsync("/services/shop/c", Instance("c.dev"));
        Assert.Equal("Up c c.dev", await changes.NextAsync());
        Assert.Single(host.Logs.Of("OutOfReach"));
        Assert.Single(host.Logs.Of("InReachAgain"));
    }

    [Fact]
    public async Task Watch_EtcdWiped_YieldsTheDifferences()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAllAsync([("/services/shop/a", Instance("a.dev")), ("/services/shop/b", Instance("b.dev"))]);
        // Higher than the wiped server's revision for a while: otherwise the histories could not be distinguished.
        for (var i = 0; i < 20; i++)
        {
            await server.PutAsync("/elsewhere", "");
        }

        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["OutageGrace"] = "00:00:00" });
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal(["Up a a.dev", "Up b b.dev"], [await changes.NextAsync(), await changes.NextAsync()]);

        await server.KillAsync();
        await server.RestartAsync(wipe: true);
        await server.PutAllAsync([("/services/shop/b", Instance("b2.dev")), ("/services/shop/c", Instance("c.dev"))]);

        // The number of updates depends on timing, the final state does not.
        await Eventually.TrueAsync(
            async () => string.Join(' ', (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances.Select(i => i.Hostname)) == "b2.dev c.dev",
            "the watch yields the new state");
        var received = new List<string>();
        while (!received.Contains("Up c c.dev"))
        {
            received.Add(await changes.NextAsync());
        }

        Assert.Contains("Down a a.dev", received);
        Assert.Contains(received, change => change is "Updated b b2.dev" or "Up b b2.dev");
    }

    [Fact]
    public async Task Watch_EtcdWipedAndCaughtUp_YieldsTheDifferences()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", Instance("a.dev"));
        // The reader reconnects long after etcd is back: by then the new history is as long as the old one, in a cluster with the same id.
        await using var host = await DiscoveryHost.StartAsync(
            new(server.Settings()) { ["RetryDelay"] = "00:00:06", ["MaxRetryDelay"] = "00:00:06", ["OutageGrace"] = "00:00:00" });
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal("Up a a.dev", await changes.NextAsync());

        await server.KillAsync();
        await server.RestartAsync(wipe: true);
        await server.PutAsync("/services/shop/b", Instance("b.dev"));

        Assert.Equal(["Down a a.dev", "Up b b.dev"], [await changes.NextAsync(), await changes.NextAsync()]);
    }

    // As a frozen leader does that continues.
    [Fact]
    public async Task Instances_AllLeasesRevoked_AtLeastHalfAreKept()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var settings = new Dictionary<string, string?>(server.Settings()) { ["Service:Name"] = Service };
        var hosts = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => DiscoveryHost.RegisterAsync(settings)));
        await using var resolving = await DiscoveryHost.StartAsync(server.Settings());
        Assert.Equal(6, (await resolving.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var watching = FewestAsync(resolving, ending.Token);

        var entries = await server.ReadAsync("/services/shop/");
        await Task.WhenAll(entries.Select(entry => server.RevokeAsync(entry.Lease!)));
        await Eventually.TrueAsync(() => Task.FromResult(hosts.All(host => host.Logs.Of("SessionLost").Any())), "all leases are lost");
        await Eventually.TrueAsync(
            async () => await resolving.Resolver.GetSnapshotAsync(Service, cancellationToken: Token) is { Instances.Length: 6, Suspects.IsEmpty: true },
            "all instances are back");
        await ending.CancelAsync();

        Assert.InRange(await watching, 3, int.MaxValue);
        foreach (var host in hosts)
        {
            await host.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Snapshot_OfAQuietService_IsConfirmedUntilEtcdIsSilent(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.PutAsync("/services/shop/a", Instance("a.dev"));
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["Etcd:RequestTimeout"] = "00:00:02" });
        var first = await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).AsOf > first.AsOf + TimeSpan.FromSeconds(4),
            "the snapshot is confirmed without changes");

        // The frozen server keeps its connections and no longer answers.
        server.Pause();
        var silent = Stopwatch.StartNew();
        await SourceIsAsync(host, SnapshotSource.Stale);

        // A progress request every 5 s has a timeout of 2 s; the rest is slack for a busy machine.
        Assert.InRange(silent.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(12));
        server.Continue();
        await SourceIsAsync(host, SnapshotSource.Live);
    }

    [Fact]
    public async Task Query_NothingCachedAndEtcdRefusesConnections_FailsAsTransient()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        // The first query, and later ones during the back-off.
        for (var i = 0; i < 3; i++)
        {
            var asking = Stopwatch.StartNew();
            var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(AskAsync(host));
            Assert.True(error.IsTransient);
            Assert.Equal($"Service 'shop' cannot be resolved yet: Etcd at {server.Endpoint}: connection refused.", error.Message);
            Assert.InRange(asking.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        }

        await server.RestartAsync(wipe: false);
        await server.PutAsync("/services/shop/a", Instance("a.dev"));
        await Eventually.TrueAsync(async () => await Record.ExceptionAsync(AskAsync(host)) is null, "the service is resolved");
    }

    [Fact]
    public async Task Query_NothingCachedAndEtcdSilent_FailsAsTransient()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings()) { ["Etcd:RequestTimeout"] = "00:00:00.5" });
        server.Pause();

        var asking = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(AskAsync(host));

        Assert.True(error.IsTransient, error.Message);
        Assert.InRange(asking.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        server.Continue();
    }

    /// <summary>The lowest number of instances, over all changes in order.</summary>
    private static async Task<int> FewestAsync(DiscoveryHost host, CancellationToken ending)
    {
        int present = 0, fewest = int.MaxValue;
        try
        {
            await foreach (var change in host.Resolver.WatchAsync(Service, ending).SelectMany(update => update.Changes))
            {
                present += change.Kind switch { ServiceChangeKind.Up => 1, ServiceChangeKind.Down => -1, _ => 0 };
                fewest = change.Kind == ServiceChangeKind.Down ? Math.Min(fewest, present) : fewest;
            }
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested)
        {
        }

        return fewest;
    }

    private static Func<Task> AskAsync(DiscoveryHost host) =>
        async () => await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token);

    private static Task SourceIsAsync(DiscoveryHost host, SnapshotSource source) => Eventually.TrueAsync(
        async () => (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Source == source, $"the snapshot is {source}");

    private static string Instance(string hostname) => $$$"""{"name":"{{{hostname}}}","ports":{"http":"80"}}""";
}
