using System.Net;
using EtcdDiscovery.AspNetCore;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.AspNetCore;

/// <summary>Registration of the addresses that a server is bound to.</summary>
public sealed class ServerAddressesTests
{
    private static readonly IPAddress[] Addresses =
        [IPAddress.Loopback, IPAddress.Parse("169.254.0.7"), IPAddress.Parse("fe80::1"), IPAddress.Parse("2001:db8::7"), IPAddress.Parse("192.168.0.7"), IPAddress.Parse("10.0.0.7")];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://127.0.0.1:5000", "127.0.0.1 http=5000")]
    [InlineData("http://localhost:5000", "localhost http=5000")]
    [InlineData("http://10.1.1.1:5000 https://10.1.1.1:5001", "10.1.1.1 http=5000, https=5001")]
    [InlineData("http://[::]:5000 https://[::]:5001", "node http=5000, https=5001")]
    [InlineData("http://*:5000", "node http=5000")]
    [InlineData("http://+:5000", "node http=5000")]
    [InlineData("http://0.0.0.0:5000 http://*:6000", "node http=5000")]
    [InlineData("http://127.0.0.1:5000 https://*:5001", "node https=5001")]
    [InlineData("http://10.1.1.1:5000 https://10.2.2.2:5001", "10.1.1.1 http=5000")]
    [InlineData("http://[2001:db8::1]:5000", "2001:db8::1 http=5000")]
    [InlineData("http://shop.example:5000", "shop.example http=5000")]
    [InlineData("http://unix:/tmp/socket http://*:5000", "node http=5000")]
    [InlineData("http://unix:/tmp/socket", "")]
    [InlineData("http://*:0", "")]
    [InlineData("", "")]
    public void Service_WithoutPorts_UsesThoseOfTheServer(string bound, string expected)
    {
        var service = new ServiceRegistrationOptions { Name = "shop" };

        Create(bound, "node").PostConfigure(null, service);

        Assert.Equal(expected, $"{service.Hostname} {new ServiceMap(service.Ports ?? new Dictionary<string, string>())}".Trim());
    }

    [Theory]
    [InlineData(null, "192.168.0.7")]
    [InlineData("10.0.0.0/8", "10.0.0.7")]
    [InlineData("2001:db8::/32", "2001:db8::7")]
    [InlineData("172.16.0.0/12", "192.168.0.7")]
    public void Hostname_ServerBoundToAllAddresses_IsAnAddressOfTheMachine(string? network, string expected)
    {
        var service = new ServiceRegistrationOptions { Name = "shop" };

        Create("http://*:5000", hostname: null, network).PostConfigure(null, service);

        Assert.Equal(expected, service.Hostname);
    }

    [Fact]
    public void Service_WithExplicitSettings_KeepsThem()
    {
        var ports = new Dictionary<string, string> { ["http"] = "80" };
        var complete = new ServiceRegistrationOptions { Name = "shop", Hostname = "shop.example", Ports = ports };
        var named = new ServiceRegistrationOptions { Name = "shop", Hostname = "shop.example" };
        var consumer = new ServiceRegistrationOptions();

        Create("http://*:5000").PostConfigure(null, complete);
        Create("http://*:5000 https://127.0.0.1:5001").PostConfigure(null, named);
        Create("http://*:5000").PostConfigure(null, consumer);

        Assert.Equal(("shop.example", ports), (complete.Hostname, complete.Ports));
        Assert.Equal(("shop.example", "5000", 1), (named.Hostname, named.Ports!["http"], named.Ports.Count));
        Assert.Equal((null, null), (consumer.Hostname, consumer.Ports));
    }

    [Theory]
    [InlineData("node-7", null, "10.0.0.0/8", "10.0.0.7")]
    [InlineData("node-7", null, "172.16.0.0/12", "node-7")]
    [InlineData("node-7", null, null, "node-7")]
    [InlineData("shop-7d9f-x2x4k", "10.96.0.1", null, "192.168.0.7")]
    [InlineData("shop-0.shop.default.svc", "10.96.0.1", null, "shop-0.shop.default.svc")]
    [InlineData("4f2a9c1b3d77", null, null, "192.168.0.7")]
    [InlineData("my host!", null, null, "192.168.0.7")]
    public void Hostname_ServerBoundToAllAddresses_IsReachable(string hostname, string? kubernetes, string? network, string expected)
    {
        using var logs = new LogCapture();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(logs));
        var service = new ServiceRegistrationOptions { Name = "shop" };
        var variables = new Dictionary<string, string?> { ["HOSTNAME"] = hostname, ["KUBERNETES_SERVICE_HOST"] = kubernetes };
        var addresses = Create("http://*:5000", hostname, network, factory, variables.GetValueOrDefault);

        addresses.PostConfigure(null, service);
        addresses.PostConfigure(null, new ServiceRegistrationOptions { Name = "shop" });

        Assert.Equal(expected, service.Hostname);
        Assert.Equal(network == "172.16.0.0/12" ? 1 : 0, logs.Of("NotInPreferredNetwork").Count());
    }

    [Fact]
    public void PrivateHostname_OfAPublicService_ComesFromTheServer()
    {
        var service = new ServiceRegistrationOptions { Name = "shop", Public = true, Hostname = "shop.example" };

        Create("http://*:5000", "4f2a9c1b3d77").PostConfigure(null, service);

        Assert.Equal(("shop.example", "192.168.0.7"), (service.Hostname, service.PrivateHostname));
    }

    [Theory]
    [InlineData("http://10.1.1.1:5000 https://10.2.2.2:5001", "https://10.2.2.2:5001")]
    [InlineData("http://*:5000 http://*:6000", "http://*:6000")]
    [InlineData("http://169.254.1.1:5000 http://10.1.1.1:6000", "http://169.254.1.1:5000")]
    [InlineData("http://*:5000 https://*:5001 http://127.0.0.1:6000", null)]
    [InlineData("http://0.0.0.0:5000 http://[::]:5000", null)]
    public void Address_NotRegistered_LogsOneWarning(string bound, string? ignored)
    {
        using var logs = new LogCapture();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(logs));
        var addresses = Create(bound, "node", null, factory);

        addresses.PostConfigure(null, new ServiceRegistrationOptions { Name = "shop" });
        addresses.PostConfigure(null, new ServiceRegistrationOptions { Name = "shop" });

        Assert.Equal(ignored is null ? [] : [$"The server's address {ignored} is not registered for service shop"], logs.Of("AddressLeftOut").Select(line => line.Message.Split(": another")[0]));
    }

    [Fact]
    public async Task WebApplication_BoundToPort0_RegistersTheRealPort()
    {
        using var store = new InMemoryDiscoveryStore();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration["EtcdDiscovery:Service:Name"] = "shop";
        DiscoveryHost.Prepare(builder, new LogCapture());
        builder.Services.AddEtcdDiscovery().UseInMemoryStore(store).UseServerAddresses().UseServerAddresses();
        await using var app = builder.Build();

        await app.StartAsync(Token);
        await Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations).WaitUntilRegisteredAsync(Token);
        var instance = await app.Services.GetRequiredService<IServiceResolver>().GetInstanceAsync("shop", default, Token);
        await app.StopAsync(Token);

        Assert.Equal(new Uri(app.Urls.Single()), instance.GetUri("http"));
        Assert.Equal(instance.Ports, instance.PrivatePorts);
    }

    [Fact]
    public async Task Host_WithoutAServer_RegistersAsConfigured()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Service:Name"] = "shop", ["Store"] = "InMemory" }, builder => builder.Services.AddEtcdDiscovery().UseServerAddresses());

        await host.RegisteredAsync();

        Assert.Null((await host.Resolver.GetInstanceAsync("shop", default, Token)).Ports);
    }

    [Fact]
    public async Task PreferredNetwork_Invalid_FailsTheStart() => await Assert.ThrowsAsync<OptionsValidationException>(() =>
        DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["ServerAddresses:PreferredNetwork"] = "10.0.0.0/40" },
            builder => builder.Services.AddEtcdDiscovery().UseServerAddresses()));

    private static ServerAddresses Create(
        string bound, string? hostname = "node", string? network = null, ILoggerFactory? loggers = null, Func<string, string?>? variable = null)
    {
        var feature = new ServerAddressesFeature();
        foreach (var address in bound.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            feature.Addresses.Add(address);
        }

        var services = new ServiceCollection();
        services.AddSingleton<IServer>(new BoundServer(feature));
        return new ServerAddresses(
            services.BuildServiceProvider(),
            new Machine(variable ?? (name => name == "HOSTNAME" ? hostname : null), () => Addresses),
            Options.Create(new ServerAddressOptions { PreferredNetwork = network }),
            new ConfigurationManager(),
            loggers ?? Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
    }

    private sealed class BoundServer : IServer
    {
        public BoundServer(IServerAddressesFeature feature) => Features.Set(feature);

        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
