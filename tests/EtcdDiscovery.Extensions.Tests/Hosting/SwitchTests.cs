using System.Net;
using System.Net.Sockets;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Applications with service discovery disabled, without registration, or with a connection string.</summary>
public sealed class SwitchTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Discovery_Disabled_DoesNotConnectAndStatesTheReason()
    {
        using var etcd = new TcpListener(IPAddress.Loopback, 0);
        etcd.Start();
        await using var host = await DiscoveryHost.StartAsync(
            new()
            {
                ["Enabled"] = "false",
                ["Etcd:Endpoints:0"] = $"http://{etcd.LocalEndpoint}",
                ["Service:Name"] = "shop",
                ["RequireRegistration"] = "true",
            },
            builder => builder.Services.AddHttpClient("caller").AddEtcdDiscovery());

        var unknown = await Assert.ThrowsAsync<ServiceNotFoundException>(
            async () => await host.Resolver.GetInstanceAsync("catalog", cancellationToken: Token));
        var unregistered = Assert.Throws<EtcdDiscoveryException>(
            () => host.Registry.Register(new ServiceRegistrationOptions { Name = "admin" }));

        Assert.Equal("Service 'catalog' is not known: service discovery is disabled, because EtcdDiscovery:Enabled is false.", unknown.Message);
        Assert.Equal("Service 'admin' is not registered: EtcdDiscovery:Enabled is false.", unregistered.Message);
        Assert.Empty(host.Registry.Registrations);
        var health = await host.CheckAsync();
        Assert.Equal((HealthStatus.Healthy, "Disabled: EtcdDiscovery:Enabled is false."), (health.Status, health.Description));
        Assert.Single(host.Logs.Of("Disabled"));
        Assert.False(etcd.Pending());
    }

    [Fact]
    public async Task HttpClient_DiscoveryDisabled_UsesDns()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Enabled"] = "false" }, builder => builder.Services.AddHttpClient("caller").AddEtcdDiscovery());
        using var client = host.Services.GetRequiredService<IHttpClientFactory>().CreateClient("caller");

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("http://catalog.invalid/items"), Token));

        Assert.IsType<SocketException>(error.InnerException);
    }

    [Fact]
    public async Task RegisterService_ChangedAtRunTime_RegistersOrWithdraws()
    {
        await using var host = await DiscoveryHost.StartAsync(
            new() { ["Store"] = "InMemory", ["RegisterService"] = "false", ["Service:Name"] = "shop", ["Services:admin:Name"] = "admin" },
            builder => builder.Services.AddEtcdDiscovery().AddService("EtcdDiscovery:Services:admin"));
        Assert.Empty(host.Registry.Registrations);

        host.Change(("RegisterService", "true"));
        await Eventually.TrueAsync(() => Task.FromResult(host.Registry.Registrations.Count == 2), "both are registered");

        host.Change(("RegisterService", "false"));
        await Eventually.TrueAsync(() => Task.FromResult(host.Registry.Registrations.Count == 0), "both are withdrawn");
    }

    [Theory]
    [InlineData("http://a:2379, http://b:2379", null, "http://a:2379 http://b:2379")]
    [InlineData("http://a:2379", "http://c:2379", "http://c:2379")]
    [InlineData(null, null, "http://settings:2379")]
    public void Endpoints_WithAConnectionString_UseItUnlessADelegateSetsThem(string? connection, string? byDelegate, string expected)
    {
        var builder = NewBuilder(connection);
        // The order of the calls does not matter.
        builder.AddEtcdDiscovery(options => options.Etcd.Endpoints = byDelegate is null ? options.Etcd.Endpoints : [byDelegate]);
        builder.AddEtcdDiscovery("etcd");
        builder.AddEtcdDiscovery("etcd");
        using var host = builder.Build();

        Assert.Equal(expected, string.Join(' ', host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Etcd.Endpoints));
    }

    [Fact]
    public void ConnectionString_SecondName_Throws()
    {
        var builder = NewBuilder("http://a:2379");
        builder.AddEtcdDiscovery("etcd");

        var error = Assert.Throws<InvalidOperationException>(() => builder.AddEtcdDiscovery("other"));

        Assert.Contains("'etcd'", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"other\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ConnectionString_WithAPassword_IsRejectedWithoutShowingIt()
    {
        var builder = NewBuilder("http://me:marked-secret@a:2379");
        builder.AddEtcdDiscovery("etcd");
        using var host = builder.Build();

        var error = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value);

        Assert.Contains("the connection string", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("marked-secret", error.Message, StringComparison.Ordinal);
    }

    private static HostApplicationBuilder NewBuilder(string? connection)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(
        [
            new("ConnectionStrings:etcd", connection),
            new("EtcdDiscovery:Etcd:Endpoints:0", "http://settings:2379"),
        ]);
        return builder;
    }
}
