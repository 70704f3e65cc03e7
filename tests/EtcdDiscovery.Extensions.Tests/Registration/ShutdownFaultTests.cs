using System.Diagnostics;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Hosts that are stopped during a failure stop in time, with at most one warning.</summary>
public sealed class ShutdownFaultTests
{
    private const string Service = "shop";

    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(10);

    private static readonly Dictionary<string, Func<string, FakeFault?>> Faults = new(StringComparer.Ordinal)
    {
        ["black hole"] = _ => FakeFault.Silence,
        ["no space"] = _ => FakeFault.NoSpace,
        ["leader changed"] = _ => FakeFault.LeaderChanged,
        ["permission denied"] = _ => FakeFault.PermissionDenied,
        ["streams end"] = method => method is FakeEtcd.KeepAlive or FakeEtcd.Watch ? FakeFault.CleanEnd : null,
        ["renewals unanswered"] = method => method == FakeEtcd.KeepAlive ? FakeFault.Silence : null,
        ["revocations unanswered"] = method => method == FakeEtcd.Revoke ? FakeFault.Silence : null,
        ["writes unanswered"] = method => method == FakeEtcd.Txn ? FakeFault.Silence : null,
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The slow cases run in parallel.</summary>
    [Fact]
    public Task Host_StoppedDuringAnyFault_StopsInTime() => Task.WhenAll(
        StopAsync("black hole", "00:00:05", isTaken: false),
        StopAsync("black hole", "00:01:00", isTaken: false),
        StopAsync("no space", "00:00:05", isTaken: false),
        StopAsync("leader changed", "00:00:05", isTaken: false),
        StopAsync("permission denied", "00:00:05", isTaken: false),
        StopAsync("streams end", "00:00:05", isTaken: true),
        StopAsync("renewals unanswered", "00:00:05", isTaken: true),
        StopAsync("revocations unanswered", "00:01:00", isTaken: false),
        StopAsync("writes unanswered", "00:00:05", isTaken: true));

    [Theory]
    [InlineData("black hole")]
    [InlineData("no space")]
    [InlineData("permission denied")]
    public async Task Host_StoppedBeforeItWasEverRegistered_StopsInTimeWithoutAWithdrawalWarning(string fault)
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.Fault = Faults[fault];
        await using var host = await DiscoveryHost.StartAsync(fake.Settings(Service));
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.Grant) > 0), "a lease was requested");

        await AssertStopsInTimeAsync(fault, host);

        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
        Assert.Empty(fake.Data.Keys("/services/"));
    }

    [Fact]
    public async Task Host_StoppedAfterItsSessionWasLost_StopsInTime()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:01"));
        fake.Fault = _ => FakeFault.Silence;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("SessionLost").Any()), "the session is lost");

        await AssertStopsInTimeAsync("after the loss", host);

        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
        await Eventually.TrueAsync(() => Task.FromResult(fake.Data.Keys("/services/").Count == 0), "the key has expired");
    }

    [Fact]
    public async Task Host_EtcdTakesTwoSecondsPerAnswer_StopsInTimeAndDeletesItsKey()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:05"));
        fake.Latency = TimeSpan.FromSeconds(2);

        await AssertStopsInTimeAsync("slow", host);

        Assert.Empty(fake.Data.Keys("/services/"));
        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
    }

    /// <summary>For any shutdown timeout of the host; with slack for a busy machine.</summary>
    [Theory]
    [InlineData("00:00:00", 0)]
    [InlineData("00:00:00", 1)]
    [InlineData("00:10:00", 0)]
    [InlineData("00:10:00", 1)]
    public async Task Host_WithShutdownTimeout_StopsWithinItDuringABlackHole(string drainDelay, int seconds)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.StartAsync(
            new(fake.Settings(Service, "00:01:00")) { ["DrainDelay"] = drainDelay }, Within(seconds));
        await host.RegisteredAsync();
        fake.Fault = _ => FakeFault.Silence;

        var stopping = Stopwatch.StartNew();
        await host.StopAsync().WaitAsync(InTime * 2, Token);

        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(seconds + 1.5));
        Assert.Single(host.Logs.Of("WithdrawalFailed"));
    }

    [Fact]
    public async Task Host_StoppedWhileItsLastSessionCloses_StopsWithinItsShutdownTimeout()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory) { Closing = new TaskCompletionSource().Task };
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = Service, ["TimeToLive"] = "00:01:00" },
            builder =>
            {
                builder.Services.AddEtcdDiscovery().UseStore(_ => store);
                Within(1)(builder);
            });
        await (await host.RegisteredAsync()).DisposeAsync();

        var stopping = Stopwatch.StartNew();
        await host.StopAsync().WaitAsync(InTime * 2, Token);

        Assert.InRange(stopping.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2.5));
        Assert.Single(host.Logs.Of("WithdrawalFailed"));
    }

    [Fact]
    public async Task Host_StoppedRightAfterItsLastRegistrationWasWithdrawn_LogsNoFailedWithdrawal()
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.Latency = TimeSpan.FromSeconds(0.1);
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
        await host.Registration.DisposeAsync();

        await host.StopAsync();

        Assert.Empty(host.Logs.Of("WithdrawalFailed"));
        Assert.Single(host.Logs.Of("SessionClosed"));
    }

    private static Action<HostApplicationBuilder> Within(int seconds) => builder =>
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(seconds));

    private static async Task StopAsync(string fault, string timeToLive, bool isTaken)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, timeToLive));
        await using var witness = KeyWitness.Of(fake, Service);
        fake.Fault = Faults[fault];

        await AssertStopsInTimeAsync(fault, host);

        var warnings = host.Logs.Of("WithdrawalFailed").Count();
        Assert.True(warnings == (isTaken ? 0 : 1), $"{fault}: {warnings} warnings about the withdrawal.");
        Assert.True(!isTaken || fake.Data.Keys("/services/").Count == 0, $"{fault}: the key still exists.");
        await witness.AssertNeverTwoKeysAsync();
    }

    private static async Task AssertStopsInTimeAsync(string fault, DiscoveryHost host)
    {
        var stopping = Stopwatch.StartNew();
        await host.StopAsync().WaitAsync(InTime * 2, Token);
        Assert.True(stopping.Elapsed < InTime, $"{fault}: stopping took {stopping.Elapsed}.");
    }
}
