using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Registration from code.</summary>
public sealed class ServiceRegistryTests
{
    private const string Service = "shop";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Register_OptionsChangedLater_UsesTheOriginalValues()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory" });
        var options = new ServiceRegistrationOptions
        {
            Name = Service,
            Hostname = "h.dev",
            Ports = new Dictionary<string, string> { ["http"] = "80" },
            PrivatePorts = new Dictionary<string, string> { ["http"] = "8080" },
            User = "user",
            Password = "secret",
            Metadata = new Dictionary<string, string> { ["version"] = "1" },
        };

        var registration = host.Registry.Register(options);
        options.Name = "other";
        options.Hostname = "other.dev";
        options.Ports["http"] = "81";
        options.PrivatePorts.Clear();
        options.Password = "other";
        options.Metadata["version"] = "2";
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        // Forces all keys to be written again.
        await registration.SetStatusAsync(ServiceStatus.Maintenance, cancellationToken: Token).WaitAsync(Eventually.Patience, Token);

        var instance = Assert.Single((await host.Resolver.GetSnapshotAsync(Service, cancellationToken: Token)).Instances);
        Assert.Equal((Service, Service, "h.dev"), (registration.ServiceName, instance.ServiceName, instance.Hostname));
        Assert.Equal(("80", "8080", "1"), (instance.Ports?["http"], instance.PrivatePorts?["http"], instance.Metadata?["version"]));
        Assert.Equal(new ServiceCredentials("user", "secret"), instance.Credentials);
    }

    [Fact]
    public async Task Register_BeforeTheHostHasStarted_RegistersAtOnceAndTheStartHasNoEffect()
    {
        await using var host = DiscoveryHost.Build(new() { ["Store"] = "InMemory" });

        var registration = host.Registry.Register(new ServiceRegistrationOptions { Name = Service });
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        Assert.Equal(registration.InstanceId, (await host.Resolver.GetInstanceAsync(Service, cancellationToken: Token)).Id);
        await host.StartAsync();

        Assert.Equal(RegistrationState.Registered, registration.State);
        Assert.Same(registration, host.Registration);
        await host.StopAsync();
        Assert.Equal(RegistrationState.Withdrawn, registration.State);
    }

    [Fact]
    public async Task Register_HostStopping_Throws()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var closing = new TaskCompletionSource();
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = Service },
            builder => builder.Services.AddEtcdDiscovery().UseStore(_ => new RefusingStore(memory) { Closing = closing.Task }));
        await host.RegisteredAsync();

        var stopping = host.StopAsync();

        Assert.Throws<ObjectDisposedException>(() => host.Registry.Register(new ServiceRegistrationOptions { Name = "late" }));
        closing.SetResult();
        await stopping;
    }

    [Fact]
    public async Task Register_WithoutOptionsOrName_ThrowsAtOnce()
    {
        await using var host = DiscoveryHost.Build(new() { ["Store"] = "InMemory" });

        Assert.Throws<ArgumentNullException>(() => host.Registry.Register(null!));
        Assert.Throws<OptionsValidationException>(() => host.Registry.Register(new ServiceRegistrationOptions()));
        Assert.Empty(host.Registry.Registrations);
    }

    [Fact]
    public async Task WatchCredentials_OfARegistrationThatIsWithdrawn_Ends()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory" });
        var registration = host.Registry.Register(new() { Name = Service, Hostname = "h.dev", User = "jim", Password = "secret" });
        var reading = registration.WatchCredentialsAsync(Token).ToListAsync(Token).AsTask();

        await registration.DisposeAsync();

        Assert.Equal([new ServiceCredentials("jim", "secret")], await reading.WaitAsync(Eventually.Patience, Token));
    }

    [Fact]
    public async Task Failure_WhileTheStoreRefuses_SaysWhy()
    {
        await using var host = await DiscoveryHost.StartAsync(
            [], builder => builder.Services.AddEtcdDiscovery().UseStore(_ => new RefusingStore(new InMemoryDiscoveryStore()) { Refusal = _ => new EtcdDiscoveryException("no role") }));
        var registration = host.Registry.Register(new() { Name = Service, Hostname = "h.dev" });

        await Eventually.TrueAsync(() => Task.FromResult(registration.Failure is not null), "the failure is known");

        Assert.Contains("no role", registration.Failure, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ServiceStatus.Unknown)]
    [InlineData((ServiceStatus)9)]
    public async Task SetStatus_ReservedOrUndefinedStatus_Throws(ServiceStatus status)
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory", ["Service:Name"] = Service });

        var error = await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => host.Registration.SetStatusAsync(status, null, Token));

        Assert.Equal("status", error.ParamName);
    }
}
