using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Services added in code, and configuration reloaded while the application runs.</summary>
public sealed class ReloadTests(SharedEtcd etcd)
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
    public async Task AddService_SectionsAndCode_AreRegisteredInAdditionToTheHostsService()
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
    public async Task AddService_SectionOfTheHostsService_RegistersOneService()
    {
        await using var host = await DiscoveryHost.StartAsync(
            Settings, builder => builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Service"));

        Assert.Equal("shop", host.Registration.ServiceName);
    }

    [Fact]
    public async Task AddService_WithoutAName_FailsTheStartAndNamesTheSection()
    {
        await using var host = DiscoveryHost.Build(Settings, builder =>
            builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin"));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(host.StartAsync);

        Assert.Contains("EtcdDiscovery:Services:admin:Name is '', which is empty", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_OfPortShardCriticalAndPassword_UpdatesTheInstanceWithinASecond()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);
        var id = host.Registration.InstanceId;
        Assert.Equal("80", (await FirstAsync(host)).Ports!["http"]);

        host.Change(("Service:Ports:http", "81"), ("Service:Shard", "s1"), ("Service:Critical", "true"), ("Service:User", "u"), ("Service:Password", "p"));

        await WaitForInstanceAsync(host, instance => instance.Ports!["http"] == "81", TimeSpan.FromSeconds(1));
        var changed = await FirstAsync(host);
        Assert.Equal((id, "s1", true, new ServiceCredentials("u", "p")), (changed.Id, changed.Shard, changed.Critical, changed.Credentials));
        Assert.Equal(new ServiceCredentials("u", "p"), host.Registration.Credentials);
    }

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Reload_OfAPublicServiceOnEtcd_UpdatesBothKeysWithinASecond(EtcdVersion version)
    {
        var server = await etcd.GetAsync(version);
        var service = UniqueName.Of("shop");
        await using var host = await DiscoveryHost.RegisterAsync(new(server.Settings(service))
        {
            ["Service:Hostname"] = "h.dev",
            ["Service:Ports:http"] = "80",
            ["Service:Public"] = "true",
            ["Service:User"] = "u",
            ["Service:Password"] = "p",
        });
        var before = Assert.Single(await server.ReadAsync($"/services/{service}/"));

        var started = TimeProvider.System.GetTimestamp();
        host.Change(("Service:Ports:http", "81"), ("Service:Shard", "s1"), ("Service:Critical", "true"), ("Service:User", "u2"), ("Service:Password", "p2"));
        var info = $$"""{"name":"{{service}}","critical":true,"hostname":"h.dev","user":"u2","password":"p2","ports":{"http":"81"},"public":true}""";
        await Eventually.TrueAsync(async () => (await server.FindAsync($"/services_infos/{service}"))?.Value == info, "the description is changed");

        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(1));
        var changed = Assert.Single(await server.ReadAsync($"/services/{service}/"));
        Assert.Equal((before.Key, before.Lease), (changed.Key, changed.Lease));
        Assert.Contains("\"ports\":{\"http\":\"81\"},\"user\":\"u2\",\"password\":\"p2\"", changed.Value, StringComparison.Ordinal);
        Assert.Contains("\"critical\":true,\"shard\":\"s1\"", changed.Value, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reload_WhileARenamedServiceDrains_UpdatesTheStoreWithinASecond()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new(Settings) { ["DrainDelay"] = "00:10:00", ["Services:admin:Name"] = "admin" },
            builder =>
            {
                builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin");
                builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
            });
        await Task.WhenAll(host.Registry.Registrations.Select(registration => registration.WaitUntilRegisteredAsync(Token)))
            .WaitAsync(Eventually.Patience, Token);
        host.Change(("Service:Name", "store"));
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Registry.Registrations.Any(registration => registration is { ServiceName: "shop", Status: ServiceStatus.Draining })),
            "the old name is draining");

        host.Change(("Service:Ports:http", "81"), ("Services:admin:Ports:http", "82"));

        await WaitForInstanceAsync(host, instance => instance.Ports?["http"] == "82", TimeSpan.FromSeconds(1), "admin");
        await WaitForInstanceAsync(host, instance => instance.Ports!["http"] == "81", TimeSpan.FromSeconds(1), "store");
        // Stopping the host does not wait for the drain delay of ten minutes.
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(10), Token);
        Assert.Empty(host.Logs.Of("ChangeRefused"));
    }

    [Fact]
    public async Task Reload_WhileTheStartAwaitsTheRegistration_IsApplied()
    {
        await using var memory = new InMemoryDiscoveryStore();
        var store = new RefusingStore(memory) { Refusal = _ => new EtcdDiscoveryException("Not yet.", isTransient: true) };
        await using var host = DiscoveryHost.Build(
            new(Settings) { ["RequireRegistration"] = "true" }, builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));
        var starting = host.StartAsync();
        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("WriteFailed").Any()), "the start is waiting");

        host.Change(("Service:Ports:http", "81"));
        store.Refusal = _ => null;
        await starting.WaitAsync(Eventually.Patience, Token);

        await WaitForInstanceAsync(host, instance => instance.Ports!["http"] == "81", Eventually.Patience);
    }

    [Fact]
    public async Task Reload_OfTheNameWhileEtcdIsDown_RegistersOnlyTheLastName()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.RegisterAsync(server.Settings("shop"));
        await server.KillAsync();

        host.Change(("Service:Name", "store"));
        host.Change(("Service:Name", "market"));
        await server.RestartAsync(wipe: false);

        await Eventually.TrueAsync(
            async () => (await server.ReadAsync("/services/")) is [{ Key: var key, Lease: not null }]
                && key.StartsWith("/services/market/", StringComparison.Ordinal),
            "only the last name is registered");
        await Eventually.TrueAsync(
            () => Task.FromResult(host.Registry.Registrations is [{ ServiceName: "market", State: RegistrationState.Registered }]),
            "only the last registration is left");
    }

    [Fact]
    public async Task Reload_OfTheName_WithdrawsTheOldRegistration()
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
            async () => (await host.Resolver.GetSnapshotAsync("shop", cancellationToken: Token)).Instances.IsEmpty, "the old name has no instances");
    }

    [Fact]
    public async Task Reload_WithInvalidValues_IsLoggedAndChangesNothing()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);

        host.Change(("Service:Ports:http", "0"));

        await Eventually.TrueAsync(() => Task.FromResult(host.Logs.Of("ChangeRefused").Any()), "the refusal is logged");
        Assert.Contains("EtcdDiscovery:Service:Ports:http is '0'", host.Logs.Of("ChangeRefused").Single().Message, StringComparison.Ordinal);
        Assert.Equal("80", (await FirstAsync(host)).Ports!["http"]);

        host.Change(("Service:Ports:http", "82"));
        await WaitForInstanceAsync(host, instance => instance.Ports!["http"] == "82", Eventually.Patience);
    }

    [Fact]
    public async Task Reload_WithoutARelevantChange_WritesNothing()
    {
        await using var host = await DiscoveryHost.RegisterAsync(Settings);
        var store = host.Services.GetRequiredService<IDiscoveryStore>();
        var before = await RevisionAsync();

        host.Change(("Unrelated", "x"));
        host.Change(("Service:Zone", "z"));
        await WaitForInstanceAsync(host, instance => instance.Zone == "z", Eventually.Patience);

        Assert.Equal(before + 1, await RevisionAsync());

        async Task<long> RevisionAsync() => (await store.ReadAsync([StoreRange.Prefix("/")], Token)).Revision.Number;
    }

    private static ValueTask<ServiceInstance> FirstAsync(DiscoveryHost host, string service = "shop") =>
        host.Resolver.GetFirstInstanceAsync(service, cancellationToken: Token);

    private static async Task WaitForInstanceAsync(
        DiscoveryHost host, Func<ServiceInstance, bool> expected, TimeSpan within, string service = "shop")
    {
        var started = TimeProvider.System.GetTimestamp();
        await Eventually.TrueAsync(async () => expected(await FirstAsync(host, service)), "the change is in the store");
        Assert.InRange(TimeProvider.System.GetElapsedTime(started), TimeSpan.Zero, within);
    }
}
