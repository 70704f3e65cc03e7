using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>What becomes of a registration that etcd answers with a status other than success.</summary>
public sealed class RefusalTests
{
    private const string Advice = "; check what the roles of EtcdDiscovery:Etcd:User may read and write";

    private const string Service = "shop";

    private static readonly Dictionary<string, FakeFault> Faults = new(StringComparer.Ordinal)
    {
        ["no space"] = FakeFault.NoSpace,
        ["too many requests"] = FakeFault.TooManyRequests,
        ["token expired"] = FakeFault.TokenExpired,
        ["leader changed"] = FakeFault.LeaderChanged,
        ["leader changed, without status"] = FakeFault.LeaderChangedWithoutStatus,
        ["permission denied"] = FakeFault.PermissionDenied,
        ["invalid argument"] = FakeFault.InvalidArgument,
    };

    [Theory]
    [InlineData("no space", FakeEtcd.Grant)]
    [InlineData("no space", FakeEtcd.Txn)]
    [InlineData("too many requests", FakeEtcd.Grant)]
    [InlineData("too many requests", FakeEtcd.Txn)]
    [InlineData("token expired", FakeEtcd.Grant)]
    [InlineData("token expired", FakeEtcd.Txn)]
    [InlineData("leader changed", FakeEtcd.Grant)]
    [InlineData("leader changed", FakeEtcd.Txn)]
    [InlineData("leader changed, without status", FakeEtcd.Grant)]
    [InlineData("leader changed, without status", FakeEtcd.Txn)]
    public async Task Status_ThatPasses_IsToldAndTriedAgainSoon(string fault, string method)
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.Fault = called => called == method ? Faults[fault] : null;
        await using var host = await DiscoveryHost.StartAsync(fake.Settings(Service, "00:00:05"));
        await using var witness = KeyWitness.Of(fake, Service);

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains(Faults[fault].Message!, StringComparison.Ordinal),
            "the check tells the status");
        Assert.Equal(HealthStatus.Unhealthy, (await host.CheckAsync()).Status);
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(method) >= 4), "it is tried again and again");
        fake.Fault = _ => null;

        await host.BecomesAsync(HealthStatus.Healthy);
        Assert.InRange(fake.Calls(FakeEtcd.Grant), 1, 10);
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData("no space")]
    [InlineData("token expired")]
    [InlineData("leader changed")]
    public async Task Status_OfOneRenewal_DoesNotCostTheSession(string fault)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:03"));
        var renewals = 0;

        fake.Fault = method => method == FakeEtcd.KeepAlive && Interlocked.Increment(ref renewals) == 1 ? Faults[fault] : null;
        await Eventually.TrueAsync(() => Task.FromResult(renewals >= 3), "it is renewed again");

        Assert.Equal(1, fake.Calls(FakeEtcd.Grant));
        Assert.Equal(HealthStatus.Healthy, (await host.CheckAsync()).Status);
    }

    [Theory]
    [InlineData("permission denied", FakeEtcd.Grant, Advice)]
    [InlineData("permission denied", FakeEtcd.Txn, Advice)]
    [InlineData("invalid argument", FakeEtcd.Grant, "")]
    [InlineData("invalid argument", FakeEtcd.Txn, "")]
    public async Task Status_ThatStays_IsUnhealthyWithTheReasonAndTriedAgainEveryHalfMinute(string fault, string method, string advice)
    {
        var clock = new FastClock(speed: 30);
        await using var fake = await FakeEtcd.StartAsync();
        fake.Fault = called => called == method ? Faults[fault] : null;
        Dictionary<string, string?> settings = new(fake.Settings(Service, "00:10:00")) { ["Etcd:RequestTimeout"] = "00:01:00" };
        await using var host = await DiscoveryHost.StartAsync(settings, clock.Use);
        await using var witness = KeyWitness.Of(fake, Service);
        var check = await host.BecomesAsync(HealthStatus.Unhealthy);
        await Eventually.TrueAsync(
            async () => (check = await host.CheckAsync()).Description!.Contains(Faults[fault].Message!, StringComparison.Ordinal),
            "the check tells the reason");
        Assert.Equal(
            (HealthStatus.Unhealthy, $"Service 'shop' is not registered: Etcd at {fake.Endpoint}: {Faults[fault].Message}{advice}."),
            (check.Status, check.Description));

        // Within 60 s of the host's time: one or two more tries of the session, and as many of what observes its keys.
        var tries = fake.Calls(method);
        await Task.Delay(TimeSpan.FromSeconds(60) / clock.Speed, TestContext.Current.CancellationToken);
        Assert.InRange(fake.Calls(method) - tries, 1, 5);

        fake.Fault = _ => null;
        await host.BecomesAsync(HealthStatus.Healthy);
        await witness.AssertNeverTwoKeysAsync();
    }
}
