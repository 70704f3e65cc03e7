using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The state of a registration, read and watched.</summary>
public sealed class RegistrationStateTests
{
    private const string Service = "shop";
    private const string Directory = $"/services/{Service}/";

    private static readonly EtcdDiscoveryException NoAnswer = new("No answer.", isTransient: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(3, "ProcessLate", "was late by (2.[0-9]|3.0) s in renewing its lease")]
    [InlineData(30, "SessionLost", "this process was late by ")]
    public async Task Process_WakesUpLate_IsNamedAsTheCause(int pause, string eventName, string expected)
    {
        var clock = new FakeTimeProvider();
        await using var fake = await FakeEtcd.StartAsync(clock);
        await using var host = await DiscoveryHost.StartAsync(
            fake.Settings("shop", "00:00:03"), builder => builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(clock)));
        await host.RegisteredAsync();

        // The first renewal is due within a second.
        clock.Advance(TimeSpan.FromSeconds(pause) - TimeSpan.FromMilliseconds(1));

        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of(eventName).Any()), "the lateness is logged");
        Assert.Matches(expected, host.Logs.Of(eventName).First().Message);
    }

    [Fact]
    public async Task Watch_EtcdFrozen_YieldsLateLostAndRegistered()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.StartAsync(server.Settings(Service));
        var registration = await host.RegisteredAsync();
        await using var states = new StateReader(registration);
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        server.Pause();
        Assert.Equal(RegistrationState.RenewingLate, await states.NextAsync());
        Assert.Equal(RegistrationState.Lost, await states.NextAsync());
        server.Continue();
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());
        await host.StopAsync();

        Assert.Equal(RegistrationState.Withdrawn, await states.NextAsync());
        Assert.Null(await states.NextAsync());
    }

    [Fact]
    public async Task Watch_RenewalUnanswered_FollowsTheClock()
    {
        var clock = new FakeTimeProvider();
        await using var memory = new InMemoryDiscoveryStore(clock);
        var unanswered = new TaskCompletionSource();
        var store = new RefusingStore(memory) { Renewing = unanswered.Task };
        await using var host = await StartAsync(store, clock);
        var registration = await host.RegisteredAsync();
        await using var states = new StateReader(registration);
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        clock.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(RegistrationState.RenewingLate, registration.State);
        Assert.Equal(RegistrationState.RenewingLate, await states.NextAsync());

        clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(RegistrationState.Lost, registration.State);
        Assert.Equal(RegistrationState.Lost, await states.NextAsync());

        unanswered.SetResult();
        var again = states.NextAsync();
        await Eventually.TrueAsync(
            () =>
            {
                clock.Advance(TimeSpan.FromSeconds(1));
                return Task.FromResult(again.IsCompleted);
            },
            "it is registered again");
        Assert.Equal(RegistrationState.Registered, await again);
    }

    [Fact]
    public async Task Watch_RenewalAnsweredLate_YieldsRegisteredAgain()
    {
        var clock = new FakeTimeProvider();
        await using var memory = new InMemoryDiscoveryStore(clock);
        var unanswered = new TaskCompletionSource();
        await using var host = await StartAsync(new RefusingStore(memory) { Renewing = unanswered.Task }, clock);
        await using var states = new StateReader(await host.RegisteredAsync());
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());
        clock.Advance(TimeSpan.FromSeconds(21));
        Assert.Equal(RegistrationState.RenewingLate, await states.NextAsync());

        unanswered.SetResult();

        Assert.Equal(RegistrationState.Registered, await states.NextAsync());
    }

    [Fact]
    public async Task Watch_FromTheStart_YieldsWhenTheRegistrationIsWritten()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory) { Refusal = _ => NoAnswer };
        await using var host = await StartAsync(store);
        await using var states = new StateReader(host.Registration);
        Assert.Equal(RegistrationState.Registering, await states.NextAsync());

        store.Refusal = _ => null;

        Assert.Equal(RegistrationState.Registered, await states.NextAsync());
    }

    [Fact]
    public async Task Watch_EntryDeletedByOthers_YieldsLostAndRegisteredAgain()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory);
        await using var host = await StartAsync(store);
        var registration = await host.RegisteredAsync();
        await using var states = new StateReader(registration);
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        store.Refusal = _ => NoAnswer;
        await using var other = await memory.OpenSessionAsync(TimeSpan.FromMinutes(1), Token);
        await other.DeleteAsync([Directory + registration.InstanceId], Token);
        Assert.Equal(RegistrationState.Lost, await states.NextAsync());
        Assert.Equal(RegistrationState.Lost, registration.State);
        store.Refusal = _ => null;

        Assert.Equal(RegistrationState.Registered, await states.NextAsync());
    }

    [Fact]
    public async Task Watch_ReadSlowly_SkipsIntermediateStatesAndYieldsTheLast()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var host = await StartAsync(new RefusingStore(memory) { Refusal = _ => NoAnswer });
        var registration = host.Registration;
        await using var slow = new StateReader(registration);
        Assert.Equal(RegistrationState.Registering, await slow.NextAsync());

        await registration.DisposeAsync();

        Assert.Equal(RegistrationState.Withdrawn, await slow.NextAsync());
        Assert.Null(await slow.NextAsync());
    }

    [Fact]
    public async Task Watch_RegistrationWithdrawn_YieldsWithdrawnAndEnds()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var host = await StartAsync(new RefusingStore(memory));
        var registration = await host.RegisteredAsync();
        await registration.DisposeAsync();

        Assert.Equal([RegistrationState.Withdrawn], await registration.WatchStateAsync(Token).ToListAsync(Token));
    }

    [Fact]
    public async Task Watch_HostDisposedWithoutStop_EndsAfterWithdrawn()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var host = await StartAsync(memory);
        await using var states = new StateReader(await host.RegisteredAsync());
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        ((IDisposable)host.Services).Dispose();

        Assert.Equal(RegistrationState.Withdrawn, await states.NextAsync());
        Assert.Null(await states.NextAsync());
    }

    [Fact]
    public async Task Watch_Canceled_ThrowsAndLeavesTheRegistrationAlone()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var host = await StartAsync(new RefusingStore(memory));
        var registration = await host.RegisteredAsync();
        using var cancellation = new CancellationTokenSource();
        await using var states = registration.WatchStateAsync(cancellation.Token).GetAsyncEnumerator(Token);
        Assert.True(await states.MoveNextAsync());

        var next = states.MoveNextAsync().AsTask();
        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
        Assert.Equal(RegistrationState.Registered, registration.State);
    }

    [Fact]
    public async Task Withdrawal_DeletionSeenButNotAnswered_NeverReportsLost()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var answer = new TaskCompletionSource();
        var store = new RefusingStore(memory) { Deleted = answer.Task };
        await using var host = await StartAsync(store);
        var stays = await host.RegisteredAsync();
        var goes = host.Registry.Register(new ServiceRegistrationOptions { Name = "goes" });
        await goes.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        await using var states = new StateReader(goes);
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        var withdrawal = goes.DisposeAsync().AsTask();
        await SeesItsDeletionAsync(goes);

        Assert.Equal(RegistrationState.Registered, goes.State);
        var check = await host.CheckAsync();
        Assert.Equal((HealthStatus.Healthy, "Registered."), (check.Status, check.Description));
        Assert.Equal([stays.InstanceId], Assert.IsAssignableFrom<IReadOnlyDictionary<string, string>>(check.Data["registrations"]).Keys);
        answer.SetResult();
        await withdrawal;
        Assert.Equal(RegistrationState.Withdrawn, goes.State);
        Assert.Equal(RegistrationState.Withdrawn, await states.NextAsync());
        Assert.Null(await states.NextAsync());
    }

    [Fact]
    public async Task Host_SessionClosedWithoutAnAnswer_NeverReportsLost()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var answer = new TaskCompletionSource();
        await using var host = await StartAsync(new RefusingStore(memory) { Closed = answer.Task });
        var registration = await host.RegisteredAsync();
        await using var states = new StateReader(registration);
        Assert.Equal(RegistrationState.Registered, await states.NextAsync());

        var stopping = host.StopAsync();
        await SeesItsDeletionAsync(registration);

        Assert.Equal(RegistrationState.Registered, registration.State);
        var check = await host.CheckAsync();
        Assert.Equal((HealthStatus.Healthy, "Withdrawn: the application is stopping."), (check.Status, check.Description));
        answer.SetResult();
        await stopping;
        Assert.Equal(RegistrationState.Withdrawn, await states.NextAsync());
        Assert.Null(await states.NextAsync());
    }

    private static Task SeesItsDeletionAsync(IServiceRegistration registration) => Eventually.TrueAsync(
        () => Task.FromResult(((ServiceRegistration)registration).ReconcileState.Stored is null), "the deletion of the entry is observed");

    private static Task<DiscoveryHost> StartAsync(IDiscoveryStore store, TimeProvider? clock = null) => DiscoveryHost.StartAsync(
        new() { ["Service:Name"] = Service, ["TimeToLive"] = "00:00:30", ["RetryDelay"] = "00:00:00.1" },
        builder =>
        {
            builder.Services.Replace(ServiceDescriptor.Singleton(clock ?? TimeProvider.System));
            builder.Services.AddEtcdDiscovery().UseStore(_ => store);
        });
}
