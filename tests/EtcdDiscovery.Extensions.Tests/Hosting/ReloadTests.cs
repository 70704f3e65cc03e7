using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Services that are added in code, and configuration that changes while the application runs.</summary>
public sealed class ReloadTests
{
    private static readonly Dictionary<string, string?> Settings = new()
    {
        ["Store"] = "InMemory",
        ["Service:Name"] = "shop",
        ["Service:Hostname"] = "h.dev",
        ["Service:Ports:http"] = "80",
    };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddService_SectionsAndCode_AreRegisteredBesideTheHostsOwn()
    {
        await using var host = await DiscoveryHost.StartAsync(new(Settings) { ["Services:admin:Name"] = "admin" }, builder =>
            builder.Services.AddEtcdDiscovery()
                .AddService("EtcdDiscovery:Services:admin")
                .AddService("EtcdDiscovery:Services:admin")
                .AddService(service => service.Name = "metrics")
                .AddService(service => service.Name = "debug"));

        Assert.Equal(
            ["admin", "debug", "metrics", "shop"],
            host.Registry.Registrations.Select(registration => registration.ServiceName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task AddService_WithoutAName_StopsTheStartAndNamesTheSection()
    {
        await using var host = DiscoveryHost.Build(Settings, builder =>
            builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Contains("EtcdDiscovery:Services:admin:Name is '', which is empty", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_OfPortShardCriticalAndPassword_IsInTheStoreWithinASecondUnderTheSameId()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);
        var id = host.Registration.InstanceId;
        Assert.Equal("80", (await FirstAsync(host)).Ports!["http"]);

        host.Change(("Service:Ports:http", "81"), ("Service:Shard", "s1"), ("Service:Critical", "true"), ("Service:User", "u"), ("Service:Password", "p"));

        await BecomesAsync(host, instance => instance.Ports!["http"] == "81", TimeSpan.FromSeconds(1));
        var changed = await FirstAsync(host);
        Assert.Equal((id, "s1", true, new ServiceCredentials("u", "p")), (changed.Id, changed.Shard, changed.Critical, changed.Credentials));
        Assert.Equal(new ServiceCredentials("u", "p"), host.Registration.Credentials);
    }

    [Fact]
    public async Task Reload_OfTheName_WithdrawsAndRegistersAnew()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);
        var before = host.Registration;
        await FirstAsync(host);

        host.Change(("Service:Name", "store"));

        await Eventually.TrueAsync(
            () => Task.FromResult(host.Registry.Registrations is [{ ServiceName: "store", State: RegistrationState.Registered }]),
            "the new name is registered");
        Assert.Equal(RegistrationState.Withdrawn, before.State);
        await Eventually.TrueAsync(
            async () => (await host.Resolver.GetSnapshotAsync("shop", Token)).Instances.IsEmpty, "the old name is gone");
    }

    [Fact]
    public async Task Reload_WithWrongValues_IsLoggedAndChangesNothing()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);

        host.Change(("Service:Ports:http", "0"));

        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("ChangeRefused").Any()), "the refusal is logged");
        Assert.Contains("EtcdDiscovery:Service:Ports:http is '0'", host.Logs.Of("ChangeRefused").Single().Message, StringComparison.Ordinal);
        Assert.Equal("80", (await FirstAsync(host)).Ports!["http"]);

        host.Change(("Service:Ports:http", "82"));
        await BecomesAsync(host, instance => instance.Ports!["http"] == "82", Eventually.Patience);
    }

    [Fact]
    public async Task Reload_WithoutAChange_WritesNothing()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);
        var store = host.Services.GetRequiredService<IDiscoveryStore>();
        var before = await RevisionAsync();

        host.Change(("Unrelated", "x"));
        host.Change(("Service:Zone", "z"));
        await BecomesAsync(host, instance => instance.Zone == "z", Eventually.Patience);

        Assert.Equal(before + 1, await RevisionAsync());

        async Task<long> RevisionAsync() => (await store.ReadAsync([StoreRange.Prefix("/")], Token)).Revision.Number;
    }

    private static ValueTask<ServiceInstance> FirstAsync(DiscoveryHost host) =>
        host.Resolver.GetFirstInstanceAsync("shop", cancellationToken: Token);

    private static async Task BecomesAsync(DiscoveryHost host, Func<ServiceInstance, bool> expected, TimeSpan within)
    {
        var started = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(async () => expected(await FirstAsync(host)), "the change is in the store");
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, within);
    }
}
