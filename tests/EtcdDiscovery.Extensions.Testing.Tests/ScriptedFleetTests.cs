using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Testing.Tests;

/// <summary>Applications behave with a scripted fleet as they do with etcd.</summary>
public sealed class ScriptedFleetTests : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly FakeTimeProvider _clock = new(DateTimeOffset.UnixEpoch.AddYears(60));
    private readonly ScriptedFleet _fleet;
    private readonly RecordingWeb _web = new();
    private IHost? _app;

    public ScriptedFleetTests() => _fleet = new ScriptedFleet(_clock);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private IServiceResolver Resolver => _app!.Services.GetRequiredService<IServiceResolver>();

    [Fact]
    public async Task HttpClient_InstanceExpires_CallsFailOver()
    {
        var dying = _fleet.Up("catalog", "http://127.0.0.1:5081");
        _fleet.Up("catalog", "http://127.0.0.1:5082");
        var http = await StartAsync();
        _web.Refuse(5081);

        // Between the crash and the expiry, the client tries the other instance itself.
        for (var i = 0; i < 20; i++)
        {
            Assert.Equal("127.0.0.1:5082", await http.GetStringAsync("/", Token));
        }

        _fleet.Expire(dying.Id);
        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances.Length == 1);

        Assert.Equal("127.0.0.1:5082", await http.GetStringAsync("/", Token));
    }

    [Fact]
    public async Task Watch_InstanceExpires_TellsThatItExpired()
    {
        var instance = _fleet.Up("catalog", "http://127.0.0.1:5081");
        await StartAsync();
        await using var updates = Resolver.WatchAsync("catalog", Token).GetAsyncEnumerator(Token);
        Assert.True(await updates.MoveNextAsync());

        _fleet.Expire(instance.Id);

        Assert.True(await updates.MoveNextAsync());
        Assert.Equal(ServiceDownReason.Expired, Assert.Single(updates.Current.Changes).DownReason);
    }

    [Fact]
    public async Task Outage_KnownService_IsServedStaleAndCurrentAgainAfterwards()
    {
        _fleet.Up("catalog", "http://127.0.0.1:5081");
        var http = await StartAsync();
        Assert.Equal("127.0.0.1:5081", await http.GetStringAsync("/", Token));

        _fleet.Outage();
        await UntilAsync(async () => await SourceAsync() == SnapshotSource.Stale);

        Assert.Equal("127.0.0.1:5081", await http.GetStringAsync("/", Token));
        var unread = await Assert.ThrowsAsync<EtcdDiscoveryException>(
            () => Resolver.GetSnapshotAsync("catalog", ReadConsistency.Linearizable, Token).AsTask());
        Assert.True(unread.IsTransient);

        // Seen after the outage only.
        _fleet.Up("catalog", "http://127.0.0.1:5082");
        Assert.Single((await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances);
        _fleet.Restore();
        await UntilAsync(async () => await SourceAsync() == SnapshotSource.Live);
        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances.Length == 2);
    }

    [Fact]
    public async Task Outage_Health_IsDegradedAndHealthyAgainAfterwards()
    {
        await StartAsync();
        await UntilAsync(async () => await HealthAsync() == HealthStatus.Healthy);

        _fleet.Outage();
        await UntilAsync(async () => await HealthAsync() == HealthStatus.Degraded);

        _fleet.Restore();
        await UntilAsync(async () => await HealthAsync() == HealthStatus.Healthy);
    }

    [Fact]
    public async Task Outage_BeforeTheStart_IsUnhealthyUntilTheApplicationHasRegistered()
    {
        _fleet.Outage();
        await StartAsync();
        Assert.Equal(HealthStatus.Unhealthy, await HealthAsync());

        _fleet.Restore();

        await UntilAsync(async () => await HealthAsync() == HealthStatus.Healthy);
        Assert.Equal("storefront", (await Resolver.GetInstanceAsync("storefront", cancellationToken: Token)).ServiceName);
    }

    [Fact]
    public async Task Expire_InstanceOfTheApplication_IsRegisteredAgain()
    {
        await StartAsync();
        var registration = Assert.Single(_app!.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(Token);
        await using var updates = Resolver.WatchAsync("storefront", Token).GetAsyncEnumerator(Token);
        Assert.True(await updates.MoveNextAsync());

        _fleet.Expire(registration.InstanceId);

        Assert.True(await updates.MoveNextAsync());
        Assert.Equal(ServiceChangeKind.Down, Assert.Single(updates.Current.Changes).Kind);
        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("storefront", cancellationToken: Token)).Instances.Length == 1);
    }

    [Fact]
    public async Task Expire_DuringAnOutage_IsKeptForOutageGrace()
    {
        var instance = _fleet.Up("catalog", "http://127.0.0.1:5081");
        await StartAsync();
        Assert.Equal(instance, await Resolver.GetInstanceAsync("catalog", cancellationToken: Token));
        _fleet.Outage();
        await UntilAsync(async () => await SourceAsync() == SnapshotSource.Stale);

        _fleet.Expire(instance.Id);
        _fleet.Restore();

        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Suspects.Length == 1);
        await UntilAsync(async () => (await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Instances.IsEmpty);
    }

    [Fact]
    public async Task Applications_OfOneFleet_FindEachOther()
    {
        await StartAsync();
        await using var services = new ServiceCollection().AddScriptedFleet(_fleet).BuildServiceProvider();
        var other = services.GetRequiredService<IServiceResolver>();

        await UntilAsync(async () => (await other.GetSnapshotAsync("storefront", cancellationToken: Token)).Instances.Length == 1);
        Assert.Same(_clock, services.GetRequiredService<TimeProvider>());
    }

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await _app.StopAsync();
            _app.Dispose();
        }

        _fleet.Dispose();
    }

    // An application that calls the catalog, and registers as "storefront".
    private async Task<HttpClient> StartAsync()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new());
        builder.Services.AddEtcdDiscovery(options =>
        {
            options.Service.Name = "storefront";
            options.Service.Hostname = "127.0.0.1";
            options.DrainDelay = TimeSpan.Zero;
        });
        builder.Services.AddHealthChecks().AddEtcdDiscovery();
        builder.Services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog"))
            .AddEtcdDiscovery()
            .ConfigurePrimaryHttpMessageHandler(() => _web);
        builder.Services.AddScriptedFleet(_fleet);
        _app = builder.Build();
        await _app.StartAsync(Token);
        return _app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("catalog");
    }

    private async Task<SnapshotSource> SourceAsync() => (await Resolver.GetSnapshotAsync("catalog", cancellationToken: Token)).Source;

    private async Task<HealthStatus> HealthAsync() =>
        (await _app!.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Status;

    // Time passes for the application while the test waits: its retries, renewals and grace periods are due.
    private async Task UntilAsync(Func<Task<bool>> condition)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!await condition())
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await ticks.WaitForNextTickAsync(patience.Token);
        }
    }
}
