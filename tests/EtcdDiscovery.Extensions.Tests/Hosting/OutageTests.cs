using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Outages, restarts and data loss of etcd. Each test has its own server.</summary>
public sealed class OutageTests
{
    private const string Service = "shop";
    private const string Prefix = "/services/shop/";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Host_StartedBeforeEtcd_StartsAndRegistersOnceEtcdIsUp(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        await server.KillAsync();
        var starting = Stopwatch.StartNew();
        await using var host = await DiscoveryHost.StartAsync(server.Settings(Service));
        Assert.InRange(starting.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains("refused", StringComparison.Ordinal), "the health check states the reason");
        var check = await host.CheckAsync();
        Assert.Equal(HealthStatus.Unhealthy, check.Status);
        Assert.Equal(
            $"Service 'shop' is not registered yet: Etcd at {server.Endpoint}: connection refused. "
            + "Contact the operators of etcd, unless EtcdDiscovery:Etcd:Endpoints is wrong.", check.Description);
        Assert.Equal(RegistrationState.Registering, host.Registration.State);
        var registered = host.Registration.WaitUntilRegisteredAsync(Token);
        Assert.False(registered.IsCompleted);

        await server.RestartAsync(wipe: false);
        var up = Stopwatch.StartNew();
        await registered.WaitAsync(Eventually.Patience, Token);

        // The longest delay between two attempts is 2 s; the rest allows for a busy machine.
        Assert.InRange(up.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(3));
        Assert.Equal(Prefix + host.Registration.InstanceId, Assert.Single(await server.ReadAsync(Prefix)).Key);
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        // One warning for the outage, not one per attempt.
        Assert.Single(host.Logs.Of("OpeningFailed"));
    }

    [Fact]
    public async Task Host_RegistrationRequiredAndEtcdDown_FailsToStartAndStopsRetrying()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = DiscoveryHost.Build(new(server.Settings(Service))
        {
            ["RequireRegistration"] = "true",
            ["RegistrationTimeout"] = "00:00:01",
        });

        var starting = Stopwatch.StartNew();
        var error = await Assert.ThrowsAsync<EtcdDiscoveryException>(host.StartAsync);

        // Timers may fire a few milliseconds early.
        Assert.InRange(starting.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(3));
        Assert.Equal(
            $"Service 'shop' could not be registered within 00:00:01: Etcd at {server.Endpoint}: connection refused. "
            + "The application does not start because EtcdDiscovery:RequireRegistration is true.",
            error.Message);
        Assert.True(error.IsTransient);
        Assert.Empty(host.Registry.Registrations);
        // The host no longer retries, so it does not register when etcd comes up.
        var logged = host.Logs.Lines.Count;
        await server.RestartAsync(wipe: false);
        await using var other = await DiscoveryHost.RegisterAsync(server.Settings("other"));
        Assert.Empty(await server.ReadAsync(Prefix));
        Assert.Equal(logged, host.Logs.Lines.Count);
    }

    [Fact]
    public async Task Host_RegistrationRequired_IsRegisteredOnceStarted()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.StartAsync(new(server.Settings(Service)) { ["RequireRegistration"] = "true" });

        Assert.Equal(RegistrationState.Registered, host.Registration.State);
        Assert.Single(await server.ReadAsync(Prefix));
    }

    [Fact]
    public async Task Host_RegistrationRequiredAndStartCancelled_StopsWaiting()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = DiscoveryHost.Build(new(server.Settings(Service)) { ["RequireRegistration"] = "true" });
        using var cancelling = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => host.Services.GetRequiredService<IHost>().StartAsync(cancelling.Token).WaitAsync(Eventually.Patience, Token));
    }

    [Theory]
    [InlineData(EtcdVersion.First, false)]
    [InlineData(EtcdVersion.First, true)]
    [InlineData(EtcdVersion.Second, false)]
    [InlineData(EtcdVersion.Second, true)]
    public async Task Hosts_EtcdRestarted_RegisterAgainUnderTheSameIds(EtcdVersion version, bool wiped)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        Dictionary<string, string?> settings = new(server.Settings(Service)) { ["TimeToLive"] = "00:00:05" };
        await using var a = await DiscoveryHost.RegisterAsync(settings);
        await using var b = await DiscoveryHost.RegisterAsync(settings);
        string[] ids = [.. new[] { a.Registration.InstanceId, b.Registration.InstanceId }.Order(StringComparer.Ordinal)];
        await Eventually.TrueAsync(
            async () => (await a.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Count == 2, "a sees both");

        await server.KillAsync();
        await a.WaitForLostRegistrationAsync();
        await server.RestartAsync(wiped);

        await Eventually.TrueAsync(
            async () => (await server.ReadAsync(Prefix)).Select(entry => entry.Key).SequenceEqual(ids.Select(id => Prefix + id)),
            "both are registered again");
        Assert.NotNull(await server.FindAsync("/services_infos/shop"));
        await a.WaitForHealthAsync(HealthStatus.Healthy);
        await b.WaitForHealthAsync(HealthStatus.Healthy);
        Assert.Equal(
            ids, (await a.Resolver.GetInstancesAsync(Service, cancellationToken: Token)).Select(instance => instance.Id));
        await a.StopAsync();
        Assert.Equal(Prefix + b.Registration.InstanceId, Assert.Single(await server.ReadAsync(Prefix)).Key);
    }

    [Fact]
    public async Task Host_EtcdPausedForLongerThanTheTimeToLive_RegistersAgain()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings(Service))
        {
            ["TimeToLive"] = "00:00:02",
            ["Etcd:RequestTimeout"] = "00:00:01",
        });

        server.Pause();
        await host.WaitForLostRegistrationAsync();
        server.Continue();

        await host.WaitForHealthAsync(HealthStatus.Healthy);
        Assert.Equal(Prefix + host.Registration.InstanceId, Assert.Single(await server.ReadAsync(Prefix)).Key);
    }

    [Fact]
    public async Task Host_StoppedWhileEtcdIsDown_Stops()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings(Service));
        await server.KillAsync();

        var stopping = Stopwatch.StartNew();
        await host.StopAsync();

        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Single(host.Logs.Of("WithdrawalFailed"));
    }

    [Fact]
    public async Task Host_StoppedBeforeItRegistered_IsWithdrawn()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(server.Settings(Service));
        var registration = host.Registration;

        await host.StopAsync();

        Assert.Equal(RegistrationState.Withdrawn, registration.State);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => registration.WaitUntilRegisteredAsync(Token));
    }

    [Fact]
    public async Task Registration_DisposedBeforeItReachedEtcd_IsWithdrawnAtOnce()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        await using var host = await DiscoveryHost.StartAsync(server.Settings());
        var registration = host.Registry.Register(new ServiceRegistrationOptions { Name = Service });

        await registration.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Equal(RegistrationState.Withdrawn, registration.State);
        Assert.Empty(host.Registry.Registrations);
    }

    [Fact]
    public async Task Registration_DisposedWhileEtcdIsDown_IsWithdrawnOnceExpired()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings(Service)) { ["TimeToLive"] = "00:00:02" });
        var registration = host.Registration;
        await server.KillAsync();

        await registration.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Token);

        Assert.Equal(RegistrationState.Withdrawn, registration.State);
        await server.RestartAsync(wipe: false);
        await Eventually.TrueAsync(async () => (await server.ReadAsync(Prefix)).Count == 0, "the instance is gone");
    }
}
