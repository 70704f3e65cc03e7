using System.Diagnostics;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>How a session reacts to every way in which renewals can fail.</summary>
public sealed class KeepAliveFaultTests(UnobservedFailures unobserved)
{
    private const string Service = "shop";

    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(2);

    // Slack for a busy machine; far less than another time to live.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(0.7);

    private static readonly Dictionary<string, FakeFault> Faults = new(StringComparer.Ordinal)
    {
        ["clean end"] = FakeFault.CleanEnd,
        ["error"] = FakeFault.LeaderChanged,
        ["silence"] = FakeFault.Silence,
    };

    [Theory]
    [InlineData("clean end")]
    [InlineData("error")]
    [InlineData("silence")]
    public async Task Renewals_FailingPermanently_AreALossWithinOneTimeToLive(string fault)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
        await using var witness = KeyWitness.Of(fake, Service);
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.KeepAlive) > 0), "it was renewed once");

        fake.Fault = method => method == FakeEtcd.KeepAlive ? Faults[fault] : null;
        var failing = Stopwatch.StartNew();
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("SessionLost").Any()), "the loss is reported");

        // The last renewal was sent up to a third of the time to live earlier.
        Assert.InRange(failing.Elapsed, TimeToLive / 2, TimeToLive + Slack);
        // Everything else works, so a new session opens at once.
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        fake.Fault = _ => null;
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await witness.AssertNeverTwoKeysAsync();
        Assert.InRange(witness.LongestAbsence, TimeSpan.Zero, Slack);
    }

    [Theory]
    [InlineData("clean end")]
    [InlineData("error")]
    [InlineData("silence")]
    public async Task Renewals_FailingBriefly_HaveNoEffect(string fault)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:03"));
        await using var witness = KeyWitness.Of(fake, Service);

        var failed = 0;
        fake.Fault = method => method == FakeEtcd.KeepAlive && Interlocked.Increment(ref failed) == 1 ? Faults[fault] : null;
        await Eventually.TrueAsync(() => Task.FromResult(failed >= 4), "it was renewed several times since");

        Assert.Single(host.Logs.Of("RenewalFailed"));
        Assert.Empty(host.Logs.Of("SessionLost"));
        Assert.Single(fake.Data.Leases);
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
    }

    [Fact]
    public async Task Renewals_SilentFromTheFirst_LeaveNoUnobservedFailure()
    {
        await using (var fake = await FakeEtcd.StartAsync())
        {
            fake.Fault = method => method == FakeEtcd.KeepAlive ? FakeFault.Silence : null;
            await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
            await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("RenewalFailed").Any()), "a renewal fails");
        }

        Assert.Empty(unobserved.Collect());
    }

    [Fact]
    public async Task Host_DisposedSynchronously_LeavesNoUnobservedFailure()
    {
        await using (var fake = await FakeEtcd.StartAsync())
        {
            var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
            await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.KeepAlive) > 0), "it was renewed once");
            ((IDisposable)host.Services).Dispose();
            await Eventually.TrueAsync(() => Task.FromResult(fake.Streams == 0), "its streams are closed");
        }

        Assert.Empty(unobserved.Collect());
    }

    [Fact]
    public async Task Streams_Reset_AreReopenedWithinTheSameSession()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:03"));
        await using var witness = KeyWitness.Of(fake, Service);
        for (var i = 0; i < 3; i++)
        {
            await Eventually.TrueAsync(() => Task.FromResult(fake.Streams == 2), "the keep-alive and the watch are open");
            fake.BreakStreams();
        }

        await Eventually.TrueAsync(() => Task.FromResult(fake.Streams == 2), "they are open again");
        Assert.Empty(host.Logs.Of("SessionLost"));
        Assert.Equal(1, fake.Calls(FakeEtcd.Grant));
        await witness.AssertNeverTwoKeysAsync();
    }

    [Fact]
    public async Task BlackHole_AllTraffic_IsALossWithinOneTimeToLiveAndRecovers()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
        await using var witness = KeyWitness.Of(fake, Service);

        fake.Fault = _ => FakeFault.Silence;
        var failing = Stopwatch.StartNew();
        await host.WaitForLostRegistrationAsync();
        Assert.InRange(failing.Elapsed, TimeToLive / 2, TimeToLive + Slack);
        Assert.Equal(RegistrationState.Lost, host.Registration.State);

        fake.Fault = _ => null;
        await host.WaitForHealthAsync(HealthStatus.Healthy);
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-1)]
    public async Task WallClock_JumpingAnHour_HasNoEffect(int hours)
    {
        var clock = new JumpingClock();
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.StartAsync(
            new(fake.Settings(Service)) { ["Service:WarnIfUnreachable"] = "false" },
            builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));
        await host.RegisteredAsync();
        await using var witness = KeyWitness.Of(fake, Service);
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.Watch) > 0), "its keys are observed");
        var renewals = fake.Calls(FakeEtcd.KeepAlive);
        var puts = fake.Calls(FakeEtcd.Txn);

        clock.Offset = TimeSpan.FromHours(hours);
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(FakeEtcd.KeepAlive) >= renewals + 3), "three more renewals");

        Assert.Equal((HealthStatus.Healthy, RegistrationState.Registered), ((await host.CheckAsync()).Status, host.Registration.State));
        Assert.Equal((1, puts), (fake.Calls(FakeEtcd.Grant), fake.Calls(FakeEtcd.Txn)));
        Assert.DoesNotContain(host.Logs.Lines, line => line.Level >= Microsoft.Extensions.Logging.LogLevel.Warning);
        // On schedule, neither at once nor an hour later.
        Assert.InRange(fake.Calls(FakeEtcd.KeepAlive), renewals + 3, renewals + 5);
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
    }

    [Fact]
    public async Task Etcd_TakingTwoSecondsPerAnswer_HostStaysRegistered()
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.Latency = TimeSpan.FromSeconds(2);
        await using var host = await DiscoveryHost.StartAsync(fake.Settings(Service, "00:00:05"));
        await using var witness = KeyWitness.Of(fake, Service);
        await host.RegisteredAsync();

        await Eventually.TrueAsync(
            () =>
            {
                Assert.True(
                    host.Registration.State is RegistrationState.Registered or RegistrationState.RenewingLate,
                    $"{host.Registration.State}: {string.Join("; ", host.Logs.Lines.Select(line => line.Message))}");
                return Task.FromResult(fake.Calls(FakeEtcd.KeepAlive) >= 6);
            },
            "it is renewed for longer than two times to live");

        Assert.Empty(host.Logs.Of("SessionLost"));
        Assert.Equal(1, fake.Calls(FakeEtcd.Grant));
        await witness.AssertNeverTwoKeysAsync();
        Assert.Equal(TimeSpan.Zero, witness.LongestAbsence);
    }
}
