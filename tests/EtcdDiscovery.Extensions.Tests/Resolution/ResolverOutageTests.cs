using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Reads are static under failure: what was known is served, what was not fails soon and says so.</summary>
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
        // The same objects: nothing changed, so nobody is told of a change.
        Assert.Equal<ServiceInstance>(live.Instances, (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances, ReferenceEquals);
        await server.PutAsync("/services/shop/c", Instance("c.dev"));
        Assert.Equal("Up c c.dev", await changes.NextAsync());
        Assert.Single(host.Logs.Of("OutOfReach"));
        Assert.Single(host.Logs.Of("InReachAgain"));
    }

    [Fact]
    public async Task Watch_OverAWipedEtcd_TellsWhatChangedMeanwhile()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAllAsync([("/services/shop/a", Instance("a.dev")), ("/services/shop/b", Instance("b.dev"))]);
        // A history that the wiped server does not catch up with at once: that could not be told from the old one.
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

        // How many steps it takes depends on when it is read again; where it ends does not.
        await Eventually.TrueAsync(
            async () => string.Join(' ', (await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances.Select(i => i.Hostname)) == "b2.dev c.dev",
            "the new state is seen");
        var told = new List<string>();
        while (!told.Contains("Up c c.dev"))
        {
            told.Add(await changes.NextAsync());
        }

        Assert.Contains("Down a a.dev", told);
        Assert.Contains(told, change => change is "Updated b b2.dev" or "Up b b2.dev");
    }

    [Fact]
    public async Task Watch_OverAWipedEtcdThatHasCaughtUp_TellsWhatChangedMeanwhile()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync("/services/shop/a", Instance("a.dev"));
        // It comes back long after etcd does: by then the new history is as long as the old one, in a cluster of the same id.
        await using var host = await DiscoveryHost.StartAsync(
            new(server.Settings()) { ["RetryDelay"] = "00:00:06", ["MaxRetryDelay"] = "00:00:06", ["OutageGrace"] = "00:00:00" });
        await using var changes = new ChangeReader(host.Resolver.WatchAsync(Service, cancellationToken: Token));
        Assert.Equal("Up a a.dev", await changes.NextAsync());

        await server.KillAsync();
        await server.RestartAsync(wipe: true);
        await server.PutAsync("/services/shop/b", Instance("b.dev"));

        Assert.Equal(["Down a a.dev", "Up b b.dev"], [await changes.NextAsync(), await changes.NextAsync()]);
    }

    // As a leader does that was frozen and goes on.
    [Fact]
    public async Task Hosts_WhoseLeasesAreAllRevoked_AreNeverLessThanHalf()
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
        await Eventually.TrueAsync(() => Task.FromResult(hosts.All(host => host.Logs.Of("SessionLost").Any())), "all leases are gone");
        await Eventually.TrueAsync(
            async () => await resolving.Resolver.GetSnapshotAsync(Service, cancellationToken: Token) is { Instances.Length: 6, Suspects.IsEmpty: true },
            "all hosts are back");
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
            "it is confirmed although nothing happens");

        // It keeps its connections, and says nothing any more.
        server.Pause();
        var silent = Stopwatch.StartNew();
        await SourceIsAsync(host, SnapshotSource.Stale);

        // Asked every 5 s, it may take 2 s to answer; the rest is for a busy machine.
        Assert.InRange(silent.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(12));
        server.Continue();
        await SourceIsAsync(host, SnapshotSource.Live);
    }

    [Fact]
    public async Task Question_WhenNothingIsKnownAndEtcdRefuses_FailsAsTransient()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(server.Settings());

        // The first question, and later ones that meet the loop while it waits.
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
        await Eventually.TrueAsync(async () => await Record.ExceptionAsync(AskAsync(host)) is null, "the service is found");
    }

    [Fact]
    public async Task Question_WhenNothingIsKnownAndEtcdIsSilent_FailsAsTransient()
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

    /// <summary>How many instances there were at least, in the order in which changes are told.</summary>
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
