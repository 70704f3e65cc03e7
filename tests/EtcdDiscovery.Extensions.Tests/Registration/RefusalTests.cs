using System.Collections.Concurrent;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>How a registration reacts when etcd answers with an error status.</summary>
public sealed class RefusalTests
{
    private const string Advice = "; grant one of the roles of EtcdDiscovery:Etcd:User the permission to "
        + "read (and write, if this application registers services) /services/ and /services_infos/, below EtcdDiscovery:KeyPrefix if it is set.";

    private const string AdviceForTxn = "; grant one of the roles of EtcdDiscovery:Etcd:User the permission to read /services_infos/shop.";

    private const string NoAdvice = ". The operators of etcd have to act, unless EtcdDiscovery:Etcd:Endpoints is wrong.";

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
    public async Task Status_Transient_IsReportedAndRetriedSoon(string fault, string method)
    {
        await using var fake = await FakeEtcd.StartAsync();
        fake.Fault = called => called == method ? Faults[fault] : null;
        await using var host = await DiscoveryHost.StartAsync(fake.Settings(Service, "00:00:05"));
        await using var witness = KeyWitness.Of(fake, Service);

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains(Faults[fault].Message!, StringComparison.Ordinal),
            "the health check reports the status");
        Assert.Equal(HealthStatus.Unhealthy, (await host.CheckAsync()).Status);
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(method) >= 4), "the call is retried repeatedly");
        fake.Fault = _ => null;

        await host.WaitForHealthAsync(HealthStatus.Healthy);
        Assert.InRange(fake.Calls(FakeEtcd.Grant), 1, 10);
        await witness.AssertNeverTwoKeysAsync();
    }

    [Theory]
    [InlineData("no space")]
    [InlineData("token expired")]
    [InlineData("leader changed")]
    public async Task Status_OfOneRenewal_DoesNotLoseTheSession(string fault)
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service, "00:00:03"));
        var renewals = 0;

        fake.Fault = method => method == FakeEtcd.KeepAlive && Interlocked.Increment(ref renewals) == 1 ? Faults[fault] : null;
        await Eventually.TrueAsync(() => Task.FromResult(renewals >= 3), "the session is renewed again");

        Assert.Equal(1, fake.Calls(FakeEtcd.Grant));
        Assert.Equal(HealthStatus.Healthy, (await host.CheckAsync()).Status);
    }

    [Fact]
    public async Task Status_OfAWriteBeforeTheSessionWasLost_IsNotReportedAfterwards()
    {
        await using var fake = await FakeEtcd.StartAsync();
        await using var host = await DiscoveryHost.RegisterAsync(fake.Settings(Service));
        fake.Fault = method => method == FakeEtcd.Txn ? FakeFault.NoSpace : null;
        var changing = host.Registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("WriteFailed").Any()), "the write fails");

        fake.Fault = method => method == FakeEtcd.Txn ? FakeFault.NoSpace : FakeFault.LeaderChanged;
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("SessionLost").Any()), "the session is lost");

        await Eventually.TrueAsync(
            async () => (await host.CheckAsync()).Description!.Contains("leader changed", StringComparison.Ordinal), "the health check reports the new reason");
        Assert.False(changing.IsCompleted);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Refusal_Permanent_IsRetriedEveryHalfMinute(bool isOfTheSession)
    {
        var clock = new FakeTimeProvider();
        var tries = new ConcurrentQueue<long>();
        await using var fake = await FakeEtcd.StartAsync(clock);
        fake.Fault = method => isOfTheSession && method == FakeEtcd.Grant ? Note(FakeFault.PermissionDenied) : null;
        Dictionary<string, string?> settings = new(fake.Settings(Service, "00:10:00")) { ["Etcd:RequestTimeout"] = "00:05:00" };
        await using var host = await DiscoveryHost.StartAsync(settings, builder =>
        {
            Use(clock, builder);
            builder.Services.AddEtcdDiscovery().UseStore(_ => new RefusingStore(EtcdStores.Create(fake.Endpoint))
            {
                Refusal = _ => isOfTheSession ? null : Note(new EtcdDiscoveryException("Refused.")),
            });
        });

        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(3));
                return Task.FromResult(tries.Count >= 12);
            },
            "the call is retried repeatedly");

        // At first, every new event, such as an observed key, causes an immediate retry.
        // On a busy machine the clock advances before the retry, so only the lower limit is tight.
        Assert.All(
            tries.Zip(tries.Skip(1), clock.GetElapsedTime).TakeLast(3),
            pause => Assert.InRange(pause, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(10)));

        T Note<T>(T refusal)
        {
            tries.Enqueue(clock.GetTimestamp());
            return refusal;
        }
    }

    [Fact]
    public async Task Write_FailingInAProcessOfTwoServices_IsRetriedWithGrowingDelay()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var tries = new ConcurrentQueue<long>();
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "fails", ["RetryDelay"] = "00:00:00.01", ["MaxRetryDelay"] = "00:05:00" },
            builder => builder.Services.AddEtcdDiscovery().AddService(service => service.Name = Service).UseStore(_ => new RefusingStore(memory)
            {
                Refusal = key => key.StartsWith("/services/fails/", StringComparison.Ordinal) ? Note() : null,
            }));

        await Eventually.TrueAsync(() => Task.FromResult(tries.Count >= 8), "the call is retried repeatedly");

        // The last of these delays is 64 times the first, less jitter.
        var times = tries.ToArray();
        Assert.InRange(TimeProvider.System.GetElapsedTime(times[6], times[7]), TimeSpan.FromSeconds(0.3), Eventually.Patience);

        EtcdDiscoveryException Note()
        {
            tries.Enqueue(TimeProvider.System.GetTimestamp());
            return new EtcdDiscoveryException("No answer.", isTransient: true);
        }
    }

    /// <summary>etcd without space still executes deletions.</summary>
    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Withdrawal_AfterAWriteThatEtcdHasNoSpaceFor_Succeeds(EtcdVersion version)
    {
        var token = TestContext.Current.CancellationToken;
        await using var server = await EtcdServer.StartAsync(
            SharedEtcd.BinaryOf(version), new EtcdSecurity { Flags = ["--quota-backend-bytes", "1000000"] });
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings("stays"));
        var goes = host.Registry.Register(new ServiceRegistrationOptions { Name = "goes" });
        await goes.WaitUntilRegisteredAsync(token).WaitAsync(Eventually.Patience, token);
        await FillAsync(server);
        var stays = host.Registry.Registrations.Single(registration => registration != goes);
        var changing = stays.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: token);
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("WriteFailed").Any()), "there is no space");

        await goes.DisposeAsync().AsTask().WaitAsync(Eventually.Patience, token);

        Assert.Equal($"/services/stays/{stays.InstanceId}", Assert.Single(await server.ReadAsync("/services/")).Key);
        Assert.False(changing.IsCompleted);
    }

    [Theory]
    [InlineData("permission denied", FakeEtcd.Grant, Advice)]
    [InlineData("permission denied", FakeEtcd.Txn, AdviceForTxn)]
    [InlineData("invalid argument", FakeEtcd.Grant, NoAdvice)]
    [InlineData("invalid argument", FakeEtcd.Txn, NoAdvice)]
    public async Task Status_Persistent_IsUnhealthyWithTheReasonAndRetriedEveryHalfMinute(string fault, string method, string advice)
    {
        var clock = new FakeTimeProvider();
        await using var fake = await FakeEtcd.StartAsync();
        fake.Fault = called => called == method ? Faults[fault] : null;
        Dictionary<string, string?> settings = new(fake.Settings(Service, "00:10:00")) { ["Etcd:RequestTimeout"] = "00:01:00" };
        await using var host = await DiscoveryHost.StartAsync(settings, builder => Use(clock, builder));
        await using var witness = KeyWitness.Of(fake, Service);
        var check = await host.WaitForHealthAsync(HealthStatus.Unhealthy);
        await Eventually.TrueAsync(
            async () => (check = await host.CheckAsync()).Description!.Contains(Faults[fault].Message!, StringComparison.Ordinal),
            "the health check reports the reason");
        Assert.Equal(
            (HealthStatus.Unhealthy, $"Service 'shop' is not registered yet: Etcd at {fake.Endpoint}: {Faults[fault].Message}{advice}"),
            (check.Status, check.Description));

        // Within 60 s of the host's time: one or two retries of the session, and as many of the watch of its keys.
        var tries = fake.Calls(method);
        var end = clock.GetUtcNow() + TimeSpan.FromSeconds(60);
        await Eventually.TrueAsync(() => Task.FromResult(Advance() >= end), "the minute is over");
        await Eventually.TrueAsync(() => Task.FromResult(fake.Calls(method) > tries), "the call is retried");
        Assert.InRange(fake.Calls(method) - tries, 1, 5);

        fake.Fault = _ => null;
        await Eventually.TrueAsync(
            async () =>
            {
                Advance();
                return (await host.CheckAsync()).Status == HealthStatus.Healthy;
            },
            "it is registered");
        await witness.AssertNeverTwoKeysAsync();

        DateTimeOffset Advance()
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return clock.GetUtcNow();
        }
    }

    [Fact]
    public async Task Session_StoreThrowsOnDisposal_IsReplacedAndEnds()
    {
        using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory) { Disposal = new NotSupportedException("mine") };
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = Service, ["TimeToLive"] = "00:00:01" }, builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));
        await host.RegisteredAsync();

        store.Renewal = new SessionLostException("lost");
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("SessionLost").Any()), "the session is lost");
        store.Renewal = null;

        await Eventually.TrueAsync(() => Task.FromResult(host.Registration.State == RegistrationState.Registered), "it is registered again");
        await host.StopAsync();
        Assert.NotEmpty(host.Logs.Of("DisposalFailed"));
        Assert.Empty((await memory.ReadAsync([StoreRange.Prefix("/services/")], TestContext.Current.CancellationToken)).Entries);
    }

    private static void Use(TimeProvider clock, HostApplicationBuilder builder) =>
        builder.Services.Replace(ServiceDescriptor.Singleton(clock));

    private static async Task FillAsync(EtcdServer server)
    {
        try
        {
            for (var i = 0; ; i++)
            {
                await server.PutAsync($"/big/{i}", new string('x', 200_000));
            }
        }
        catch (HttpRequestException)
        {
            // The last put has used up the space.
        }
    }
}
