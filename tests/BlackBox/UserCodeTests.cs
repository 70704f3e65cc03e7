using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox;

/// <summary>Exceptions from the application's own code, wherever it is called, do not break the library.</summary>
public sealed class UserCodeTests
{
    private const string Service = "shop";

    private static readonly AsyncLocal<bool> Watched = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First, nameof(ILogger.Log), StoreName.V3)]
    [InlineData(EtcdVersion.First, nameof(ILogger.IsEnabled), StoreName.V3)]
    [InlineData(EtcdVersion.First, nameof(ILoggerProvider.CreateLogger), StoreName.V3)]
    [InlineData(EtcdVersion.Second, nameof(ILogger.Log), StoreName.V3)]
    [InlineData(EtcdVersion.First, nameof(ILogger.Log), StoreName.V2)]
    public async Task LoggerProvider_AlwaysThrows_BreaksNeitherRegistrationNorResolution(EtcdVersion version, string method, string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await using var app = await App.StartAsync(
            [.. Settings(server.Endpoint, Service), new(Setting.Store, store), new(Setting.Misspelt, "1")],
            builder => builder.Logging.AddProvider(new ThrowingProvider(method)));
        await app.RegisteredAsync();
        await app.WaitForHostnamesAsync(Service, "127.0.0.1");
        await using var changes = app.Services.WatchAsync(Service, Token).GetAsyncEnumerator(Token);
        Assert.True(await changes.MoveNextAsync());

        await server.KillAsync();
        await Eventually.TrueAsync(() => Task.FromResult(app.Services.HasLostRegistration()), "the lease is lost");
        Assert.Equal("127.0.0.1", await app.HostnamesAsync(Service));
        await server.RestartAsync(wipe: true);

        await app.RegisteredAsync();
        await Eventually.TrueAsync(
            async () => (await app.CheckAsync()).Status == HealthStatus.Healthy, "the application is healthy again");
        app.Change((Setting.Hostname, "127.0.0.2"));
        await app.WaitForHostnamesAsync(Service, "127.0.0.2");
        await app.StopAsync();
        await using var other = await App.StartAsync([.. Settings(server.Endpoint), new(Setting.Store, store)]);
        Assert.Empty(await other.Services.InstancesAsync(Service, Token));
    }

    [Fact]
    public async Task LoggerProvider_AlwaysThrows_StopsNoSweepAndNoTimer()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await PutAsync(server, "a");
        await PutAsync(server, "b");
        await using var app = await App.StartAsync(
            [.. Settings(server.Endpoint), new(Setting.CacheIdleTimeout, "00:00:01")],
            builder => builder.Logging.AddProvider(new ThrowingProvider(nameof(ILogger.Log))));

        // The end of an ejection is logged in a timer callback, where an exception would end the process.
        Assert.Equal(2, (await app.Services.InstancesAsync(Service, Token)).Count);
        await app.Services.ReportFailureAsync(Service, "a", Token);
        Assert.Equal("b", await app.Services.PickAsync(Service, Token));
        await Eventually.TrueAsync(async () => await app.Services.PickAsync(Service, Token) == "a", "a is picked again");

        // The second round shows that the sweep continues after the first one.
        foreach (var _ in Enumerable.Range(0, 2))
        {
            await app.WaitForHostnamesAsync(Service, "a.dev", "b.dev");
            await Eventually.TrueAsync(async () => !Product.Watched(await app.CheckAsync()).Contains(Service), "the service is evicted");
        }
    }

    [Fact]
    public async Task WebApplication_LoggerProviderAlwaysThrows_RegistersItsAddressesWhenReady()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
            [new(Setting.Endpoints + ":0", server.Endpoint), new(Setting.Name, Service), new(Setting.Public, "true"), new("urls", "http://127.0.0.1:0")]);
        builder.Logging.ClearProviders().AddProvider(new ThrowingProvider(nameof(ILogger.Log)));
        builder.Services.AddHealthChecks().AddCheck("database", () => HealthCheckResult.Healthy(), ["ready"]);
        builder.AddWebDiscovery();
        await using var host = builder.Build();

        await host.StartAsync(Token);

        await Eventually.TrueAsync(
            async () => (await host.Services.InstancesAsync(Service, Token)) is [{ Ports: { } ports }] && ports["http"] == new Uri(host.Urls.Single()).Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
            "the instance takes requests");
    }

    [Fact]
    public async Task MeterAndActivityListeners_AlwaysThrow_DoNotAffectCallsToEtcd()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var relay = new CuttableRelay(server.Port);
        var port = new Uri(relay.Endpoint).Port;
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, listener) => listener.EnableMeasurementEvents(instrument),
        };
        meters.SetMeasurementEventCallback<long>((_, _, tags, _) => ThrowIfOf(port, tags));
        meters.SetMeasurementEventCallback<double>((_, _, tags, _) => ThrowIfOf(port, tags));
        meters.Start();
        using var activities = new ActivityListener
        {
            ShouldListenTo = _ => true,
            ActivityStarted = activity => ThrowIfWatched(activity.OperationName),
            ActivityStopped = activity => ThrowIfWatched(activity.OperationName),
        };
        ActivitySource.AddActivityListener(activities);
        Watched.Value = true;
        using var request = new Activity("request").Start();

        await using var app = await App.StartAsync(Settings(relay.Endpoint, Service));
        await app.RegisteredAsync();
        await app.WaitForHostnamesAsync(Service, "127.0.0.1");
        Assert.Single(await app.Services.ReadAsync(Service, Token).WaitAsync(Eventually.Patience, Token));
        await server.KillAsync();
        await Eventually.TrueAsync(() => Task.FromResult(app.Services.HasLostRegistration()), "the lease is lost");
        // The test runs the health check, not the application.
        Watched.Value = false;
        await server.RestartAsync(wipe: true);
        Watched.Value = true;

        await app.RegisteredAsync();
        await app.WaitForHostnamesAsync(Service, "127.0.0.1");
        Assert.Single(await app.Services.ReadAsync(Service, Token).WaitAsync(Eventually.Patience, Token));
        await app.StopAsync();
    }

    [Fact]
    public async Task Picker_Throws_FailsOnlyTheCallersQuery()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await PutAsync(server, "a");
        var isBroken = true;
        await using var app = await App.StartAsync(
            Settings(server.Endpoint), builder => builder.UsePicker(_ => isBroken ? throw new NotSupportedException("mine") : 0));

        Assert.Equal("mine", (await Assert.ThrowsAsync<NotSupportedException>(() => app.Services.PickAsync(Service, Token))).Message);
        Assert.Equal("mine", (await Assert.ThrowsAsync<NotSupportedException>(() => app.Services.PickAsync(Service, Token))).Message);

        await PutAsync(server, "b");
        await app.WaitForHostnamesAsync(Service, "a.dev", "b.dev");
        isBroken = false;
        Assert.Equal("a", await app.Services.PickAsync(Service, Token));
    }

    [Fact]
    public async Task ChangeCallback_Throws_IsLoggedAndTheNextOneIsCalled()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await PutAsync(server, "a");
        await using var app = await App.StartAsync(Settings(server.Endpoint));
        await app.WaitForHostnamesAsync(Service, "a.dev");
        var called = new TaskCompletionSource();
        using var first = await app.Services.OnChangeAsync(Service, () => throw new NotSupportedException("mine"), Token);
        using var second = await app.Services.OnChangeAsync(Service, called.SetResult, Token);

        await PutAsync(server, "b");

        await called.Task.WaitAsync(Eventually.Patience, Token);
        await Eventually.TrueAsync(() => Task.FromResult(app.Logs.Of("CallbackFailed").Any(line => line.Error is NotSupportedException)), "the exception is logged");
        await app.WaitForHostnamesAsync(Service, "a.dev", "b.dev");
    }

    [Fact]
    public async Task OptionsDelegate_ThrowsOnReload_CostsNeitherTheLeaseNorAnUpdate()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        var isBroken = false;
        await using var app = await App.StartAsync(
            Settings(server.Endpoint, Service), builder => builder.OnOptions(() => ThrowIf(isBroken)));
        await app.RegisteredAsync();
        var lease = Assert.Single(await server.ReadAsync($"/services/{Service}/")).Lease;

        isBroken = true;
        app.Change((Setting.Zone, "lost"));
        await Eventually.TrueAsync(() => Task.FromResult(app.Logs.Of("ChangeRefused").Any()), "the change is refused");
        await app.Registration.PauseAsync("a write in between", Token).WaitAsync(Eventually.Patience, Token);
        isBroken = false;
        app.Change((Setting.Hostname, "127.0.0.2"));

        await Eventually.TrueAsync(
            async () => (await server.ReadAsync($"/services/{Service}/")) is [{ Value: var value }] && value.Contains("127.0.0.2", StringComparison.Ordinal),
            "the next change is applied");
        Assert.Equal(lease, Assert.Single(await server.ReadAsync($"/services/{Service}/")).Lease);
        Assert.Empty(app.Logs.Of("SessionLost"));
    }

    private static IEnumerable<KeyValuePair<string, string?>> Settings(string endpoint, string? service = null) =>
        [.. Product.Settings(endpoint, service, "http", 80), new(Setting.TimeToLive, "00:00:02")];

    private static Task PutAsync(EtcdServer server, string id) =>
        server.PutAsync($"/services/{Service}/{id}", $$"""{"name":"{{id}}.dev","ports":null}""");

    private static void ThrowIf(bool condition)
    {
        if (condition)
        {
            throw new NotSupportedException("mine");
        }
    }

    private static void ThrowIfOf(int port, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        foreach (var tag in tags)
        {
            ThrowIf(tag is { Key: "server.port", Value: int number } && number == port);
        }
    }

    // Listeners receive the activities of the whole process, so those of other tests are ignored.
    private static void ThrowIfWatched(string activity) => ThrowIf(Watched.Value && activity != "request");

    /// <summary>Throws only for the library's categories: an exception in the host's own logging would end the host.</summary>
    private sealed class ThrowingProvider(string method) : ILoggerProvider, ILogger
    {
        public ILogger CreateLogger(string categoryName)
        {
            var isOurs = categoryName.StartsWith("EtcdDiscovery", StringComparison.Ordinal);
            ThrowIf(isOurs && method == nameof(CreateLogger));
            return isOurs ? this : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => throw new NotSupportedException("mine");

        public bool IsEnabled(LogLevel logLevel)
        {
            ThrowIf(method == nameof(IsEnabled));
            return true;
        }

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new NotSupportedException("mine");

        public void Dispose()
        {
        }
    }
}
