using EtcdDiscovery.Hosting;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Adding service discovery to an application, and disposing it.</summary>
public sealed class CompositionTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddEtcdDiscovery_Repeated_RegistersServicesOnce()
    {
        await using var host = DiscoveryHost.Build(
            new() { ["Store"] = "InMemory", ["Service:Name"] = "shop", ["Etcd:Endpoints:0"] = "http://a:1", ["Etcd:Endpoints:1"] = "http://b:2" },
            builder =>
            {
                builder.AddEtcdDiscovery();
                builder.Services.AddEtcdDiscovery(options => options.Service.Shard = "s0");
                builder.Services.AddEtcdDiscovery();
            });

        await host.StartAsync();

        Assert.Equal(
            ["SettingsDiagnostics", "StateMetrics", "RegistrationHostedService"],
            host.Services.GetServices<IHostedService>().Select(service => service.GetType())
                .Where(type => type.Assembly == typeof(IServiceResolver).Assembly).Select(type => type.Name));
        Assert.Single(host.Services.GetServices<IServiceResolver>());
        Assert.Single(host.Services.GetServices<IValidateOptions<EtcdDiscoveryOptions>>());
        Assert.Equal(["http://a:1", "http://b:2"], Options(host).Etcd.Endpoints);
        await host.RegisteredAsync();
        Assert.Equal("s0", Assert.Single(await host.Resolver.GetInstancesAsync("shop", cancellationToken: Token)).Shard);
    }

    [Fact]
    public async Task AddEtcdDiscovery_OnAnApplicationBuilder_RegistersTheService()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["EtcdDiscovery:Service:Name"] = "shop";
        var discovery = builder.AddEtcdDiscovery(options => options.Service.Hostname = "h.dev").UseInMemoryStore();
        Assert.Same(builder.Services, discovery.Services);
        using var host = builder.Build();

        await host.StartAsync(Token);

        var registration = Assert.Single(host.Services.GetRequiredService<IServiceRegistry>().Registrations);
        await registration.WaitUntilRegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        Assert.EndsWith("-h.dev", registration.InstanceId, StringComparison.Ordinal);
        await host.StopAsync(Token);
    }

    [Fact]
    public async Task AddEtcdDiscovery_ConfiguredInCode_OverridesConfiguration()
    {
        await using var host = DiscoveryHost.Build(
            new() { ["Service:Name"] = "configured", ["TimeToLive"] = "00:00:07" },
            builder => builder.Services.AddEtcdDiscovery(options => options.Service.Name = "coded").UseInMemoryStore());

        Assert.Equal(("coded", TimeSpan.FromSeconds(7)), (Options(host).Service.Name, Options(host).TimeToLive));
    }

    [Fact]
    public async Task UseInMemoryStore_SharedByHosts_ResolveEachOther()
    {
        using var store = new InMemoryDiscoveryStore();
        await using var a = await StartAsync("a");
        await using var b = await StartAsync("b");
        await a.RegisteredAsync();
        await b.RegisteredAsync();

        Assert.Equal(b.Registration.InstanceId, (await a.Resolver.GetInstanceAsync("b", cancellationToken: Token)).Id);
        Assert.Equal(a.Registration.InstanceId, (await b.Resolver.GetInstanceAsync("a", cancellationToken: Token)).Id);
        await b.StopAsync();
        await b.DisposeAsync();

        // The test owns the store, so a host that stops removes only its own entries.
        await Eventually.TrueAsync(
            async () => await Record.ExceptionAsync(
                async () => await a.Resolver.GetInstanceAsync("b", cancellationToken: Token)) is NoInstanceFoundException,
            "b is gone");
        Assert.NotNull(await a.Resolver.GetInstanceAsync("a", cancellationToken: Token));

        Task<DiscoveryHost> StartAsync(string name) => DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = name }, builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore(store));
    }

    [Fact]
    public async Task UseInMemoryStore_NotShared_IsPerHost()
    {
        await using var a = await StartAsync();
        await using var b = await StartAsync();
        await a.RegisteredAsync();

        Assert.Single(await a.Resolver.GetInstancesAsync("shop", cancellationToken: Token));
        Assert.Equal(
            (await b.RegisteredAsync()).InstanceId, (await b.Resolver.GetInstanceAsync("shop", cancellationToken: Token)).Id);

        static Task<DiscoveryHost> StartAsync() => DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop" }, builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore());
    }

    [Fact]
    public async Task UseStore_WithAFactory_IsCreatedOnceAndDisposedWithTheHost()
    {
        var created = new List<CountingStore>();
        var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop" },
            builder => builder.Services.AddEtcdDiscovery().UseStore(provider =>
            {
                Assert.NotNull(provider.GetService<IHostEnvironment>());
                created.Add(new CountingStore(new InMemoryDiscoveryStore()));
                return created[^1];
            }));
        await host.RegisteredAsync();
        await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token);
        await host.CheckAsync();
        var store = Assert.Single(created);
        Assert.Equal(0, store.Disposals);

        await host.StopAsync();
        Assert.Equal(0, store.Disposals);
        await host.DisposeAsync();

        Assert.Equal(1, store.Disposals);
        Assert.Single(created);
    }

    [Fact]
    public async Task InMemoryStore_SelectedByConfiguration_IsLoggedOnce()
    {
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = "InMemory" });

        Assert.Contains("EtcdDiscovery:Etcd:Endpoints:0", Assert.Single(host.Logs.Of("InMemory")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("InMemory")]
    [InlineData("Etcd")]
    public async Task Host_DisposedSynchronously_DoesNotThrow(string store)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration["EtcdDiscovery:Store"] = store;
        builder.Configuration["EtcdDiscovery:Service:Name"] = "shop";
        // A closed port, so that the host keeps retrying.
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints:0"] = "http://127.0.0.1:1";
        builder.AddEtcdDiscovery();
        builder.Services.AddHealthChecks().AddEtcdDiscovery();

        using (var host = builder.Build())
        {
            await host.StartAsync(Token);
            await Record.ExceptionAsync(async () => await host.Services.GetRequiredService<IServiceResolver>()
                .GetInstanceAsync("shop", cancellationToken: Token));
            await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        }
    }

    [Theory]
    [InlineData("InMemory")]
    [InlineData("Etcd")]
    public async Task Provider_WithoutAHost_WorksAndCanBeDisposedSynchronously(string store)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["EtcdDiscovery:Store"] = store,
            ["EtcdDiscovery:Etcd:Endpoints:0"] = "http://127.0.0.1:1",
        }).Build());
        services.AddEtcdDiscovery();

        using (var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }))
        {
            await Assert.ThrowsAnyAsync<EtcdDiscoveryException>(async () => await provider.GetRequiredService<IServiceResolver>()
                .GetInstanceAsync("shop", cancellationToken: Token));
            var registration = provider.GetRequiredService<IServiceRegistry>().Register(new ServiceRegistrationOptions { Name = "shop" });
            Assert.Equal("shop", registration.ServiceName);
        }
    }

    [Fact]
    public async Task Host_WithoutAServiceName_IsAConsumerOnly()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore());
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = null }, builder => builder.Services.AddEtcdDiscovery().UseStore(_ => store));

        Assert.Empty(host.Registry.Registrations);
        Assert.Equal((0, 0, 0), (store.Sessions, store.Reads, store.Watches));
        var check = await host.CheckAsync();
        Assert.Equal((HealthStatus.Healthy, "Nothing to register."), (check.Status, check.Description));
        await Assert.ThrowsAsync<ServiceNotFoundException>(async () => await host.Resolver.GetInstanceAsync("shop", cancellationToken: Token));
        await host.StopAsync();
    }

    [Theory]
    [InlineData(null, null, "http://127.0.0.1:2379")]
    [InlineData("", "", "http://127.0.0.1:2379")]
    [InlineData("http://a:1,http://b:2", null, "http://a:1 http://b:2")]
    [InlineData("127.0.0.1:2379 , http://b:2379", null, "127.0.0.1:2379 http://b:2379")]
    [InlineData(" http://a:1 ,, ", "http://c:3", "http://a:1")]
    [InlineData(" , ", "http://c:3", "http://c:3")]
    [InlineData(null, "http://c:3", "http://c:3")]
    public async Task Endpoints_NotConfigured_ComeFromGoVariables(string? hosts, string? host, string expected)
    {
        await using var app = DiscoveryHost.Build([], environment: Variables(hosts, host));

        Assert.Equal(expected, string.Join(' ', Options(app).Etcd.Endpoints));
        await app.StartAsync();
    }

    [Fact]
    public async Task Endpoints_Configured_OverrideGoVariables()
    {
        await using var app = DiscoveryHost.Build(
            new() { ["Etcd:Endpoints:0"] = "http://configured:1" }, environment: Variables("http://a:1", "http://c:3"));

        Assert.Equal(["http://configured:1"], Options(app).Etcd.Endpoints);
    }

    [Fact]
    public async Task Endpoints_GoVariableWithoutScheme_AreReportedAsUrls()
    {
        await using var app = await DiscoveryHost.StartAsync([], environment: Variables("127.0.0.1:1 , http://b:2379", null));

        Assert.Equal(["http://127.0.0.1:1", "http://b:2379"], Assert.IsAssignableFrom<IEnumerable<string>>((await app.CheckAsync()).Data["endpoints"]));
    }

    [Fact]
    public async Task Endpoints_InvalidGoVariable_FailTheStart()
    {
        await using var app = DiscoveryHost.Build([], environment: Variables("http://a:1,ftp://b", null));

        var error = await Assert.ThrowsAsync<OptionsValidationException>(app.StartAsync);

        Assert.Contains("ETCD_HOSTS", Assert.Single(error.Failures), StringComparison.Ordinal);
        Assert.Contains("'ftp://b'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void GoEnvironment_ByDefault_ReadsTheProcessEnvironment()
    {
        var services = new ServiceCollection();
        services.AddEtcdDiscovery();
        using var provider = services.BuildServiceProvider();

        Assert.Equal(Environment.GetEnvironmentVariable("PATH"), provider.GetRequiredService<GoEnvironment>().Variable("PATH"));
    }

    private static Dictionary<string, string> Variables(string? hosts, string? host)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        if (hosts is not null)
        {
            variables["ETCD_HOSTS"] = hosts;
        }

        if (host is not null)
        {
            variables["ETCD_HOST"] = host;
        }

        return variables;
    }

    private static EtcdDiscoveryOptions Options(DiscoveryHost host) =>
        host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value;
}
