using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Wire;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Log throttling of events that other processes or the store can cause at any rate.</summary>
public sealed class LogFloodTests(SharedEtcd etcd) : IAsyncDisposable
{
    private const int Times = 40;

    // On a slow machine the events may span two or three throttling windows.
    private const int MaxLogged = 15;

    private readonly CountingStore _store = new(new InMemoryDiscoveryStore());

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task Registration_DeletedRepeatedly_IsLoggedAFewTimes()
    {
        await using var host = await StartAsync();
        var registration = await host.RegisteredAsync();
        var other = await _store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
        var key = ServiceKeys.Instance("shop", registration.InstanceId);
        for (var i = 0; i < Times; i++)
        {
            await other.DeleteAsync([key], Token);
            await Eventually.TrueAsync(
                async () => (await _store.ReadAsync([StoreRange.Exact(key)], Token)).Entries.Count == 1 && registration.State == RegistrationState.Registered,
                "the key is written again");
        }

        Assert.InRange(host.Logs.Of("Deleted").Count(), 1, MaxLogged);
        Assert.InRange(host.Logs.Of("Registered").Count(), 1, MaxLogged + 1);
    }

    [Fact]
    public async Task Instances_DisappearRepeatedly_AreLoggedAFewTimes()
    {
        await using var host = await StartAsync();
        var other = await _store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
        StorePut[] all = [.. Enumerable.Range(0, 8).Select(i => TestCatalog.Put("catalog", $"{i}"))];
        for (var i = 0; i < Times; i++)
        {
            await other.TryPutAsync(all, Token);
            await Eventually.TrueAsync(async () => await SuspectsAsync() == (8, 0), "all instances are present");
            await other.DeleteAsync([.. all.Select(put => put.Key)], Token);
            await Eventually.TrueAsync(async () => await SuspectsAsync() is (_, > 0), "some instances are suspect");
        }

        Assert.InRange(host.Logs.Of("Doubtful").Count(), 1, MaxLogged);

        async Task<(int, int)> SuspectsAsync()
        {
            var snapshot = await host.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);
            return (snapshot.Instances.Length, snapshot.Suspects.Length);
        }
    }

    [Fact]
    public async Task History_LostRepeatedly_IsLoggedAFewTimes()
    {
        await using var host = await StartAsync();
        await host.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);
        for (var i = 0; i < Times; i++)
        {
            var watches = _store.Watches;
            _store.LoseHistory();
            await Eventually.TrueAsync(() => Task.FromResult(_store.Watches > watches), "the watch is reopened");
        }

        Assert.InRange(host.Logs.Of("HistoryLost").Count(), 1, MaxLogged);
    }

    [Fact]
    public async Task Store_FailsRepeatedly_IsLoggedAFewTimesUntilTheOutageLasts()
    {
        await using var host = await StartAsync();
        await host.Resolver.GetSnapshotAsync("catalog", cancellationToken: Token);
        for (var i = 0; i < Times; i++)
        {
            var watches = _store.Watches;
            _store.EndWatches(new EtcdDiscoveryException("gone", isTransient: true));
            await Eventually.TrueAsync(() => Task.FromResult(_store.Watches > watches), "the watch is reopened");
        }

        Assert.InRange(host.Logs.Of("OutOfReach").Count(), 1, MaxLogged);
        Assert.InRange(host.Logs.Of("InReachAgain").Count(), 0, MaxLogged);

        var known = host.Logs.Of("OutOfReach").Count();
        _store.Outage = new EtcdDiscoveryException("down permanently", isTransient: true);
        _store.EndWatches(_store.Outage);
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("OutOfReach").Count() > known), "the lasting outage is logged");
    }

    [Fact]
    public async Task Session_LostRepeatedly_IsLoggedAFewTimes()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var name = UniqueName.Of("shop");
        await using var host = await DiscoveryHost.RegisterAsync(new()
        {
            ["Service:Name"] = name,
            ["Etcd:Endpoints"] = server.Endpoint,
            ["RetryDelay"] = "00:00:00.01",
            ["MaxRetryDelay"] = "00:00:00.05",
        });
        var key = ServiceKeys.Instance(name, host.Registration.InstanceId);
        for (var i = 0; i < Times; i++)
        {
            var lease = (await server.FindAsync(key))!.Lease!;
            await server.RevokeAsync(lease);
            await Eventually.TrueAsync(
                async () => await server.FindAsync(key) is { Lease: { } current } && current != lease, "the key is written under another lease");
        }

        Assert.InRange(host.Logs.Of("SessionLost").Count(), 1, MaxLogged);
    }

    [Fact]
    public async Task Instances_FailOneAfterTheOther_AreLoggedAFewTimes()
    {
        await using var host = await StartAsync();
        var session = await _store.OpenSessionAsync(TimeSpan.FromDays(1), Token);
        await session.TryPutAsync([.. Enumerable.Range(0, Times).Select(i => TestCatalog.Put("catalog", $"{i}"))], Token);
        var instances = (await host.Resolver.GetInstancesAsync("catalog", cancellationToken: Token)).ToList();
        Assert.Equal(Times, instances.Count);

        instances.ForEach(instance => host.Resolver.StartCall(instance).Complete(succeeded: false));

        var events = host.Services.GetRequiredService<IDiscoveryDiagnostics>().GetTimeline();
        Assert.Equal(Times, events.Count(entry => entry.Kind == DiscoveryEventKind.InstanceEjected));
        Assert.InRange(host.Logs.Of("Ejected").Count(), 1, MaxLogged);
    }

    [Theory]
    [InlineData("Etcd")]
    [InlineData("EtcdV2")]
    public async Task Endpoints_AllFail_AreLoggedAFewTimes(string store)
    {
        await using var host = await DiscoveryHost.StartAsync(new()
        {
            ["Store"] = store,
            ["Service:Name"] = "shop",
            ["Etcd:Endpoints"] = $"http://127.0.0.1:{HttpFleet.RefusedPort()},http://127.0.0.1:{HttpFleet.RefusedPort()}",
            ["RetryDelay"] = "00:00:00.01",
            ["MaxRetryDelay"] = "00:00:00.05",
        });

        // Each attempt to register leaves the endpoint that refused the connection.
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("OpeningFailedAgain").Count() >= Times), "the host has tried many times");

        Assert.InRange(host.Logs.Of("EndpointLeft").Count(), 1, MaxLogged);
    }

    [Theory]
    [InlineData("Shop", true)]
    [InlineData("shop-1", false)]
    public async Task Name_WithCapitals_LogsOneWarning(string name, bool isWarned)
    {
        await using var host = await StartAsync(name);
        var registration = await host.RegisteredAsync();
        await registration.SetStatusAsync(ServiceStatus.Maintenance, "", Token);

        Assert.Equal(isWarned ? [$"Service {name} has capital letters in its name"] : [], host.Logs.Of("NameWithCapitals").Select(line => line.Message.Split('.')[0]));
    }

    private Task<DiscoveryHost> StartAsync(string name = "shop") => DiscoveryHost.StartAsync(
        new() { ["Service:Name"] = name, ["RetryDelay"] = "00:00:00.01", ["MaxRetryDelay"] = "00:00:00.05", ["OutageGrace"] = "00:01:00" },
        builder => builder.Services.AddEtcdDiscovery().UseStore(_ => _store));
}
