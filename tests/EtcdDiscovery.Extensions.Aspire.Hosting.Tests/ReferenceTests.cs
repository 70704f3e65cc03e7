using Aspire.Hosting;
using EtcdDiscovery.Tests;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AppHost.Tests;

/// <summary><c>WithReference(etcd)</c> gives applications what <c>AddEtcdDiscovery("etcd")</c> reads.</summary>
public sealed class ReferenceTests
{
    [Fact]
    public async Task Project_WithReference_GetsTheUrlOnTheHost()
    {
        var builder = AppHosts.Create();
        var etcd = builder.AddEtcd("etcd").WithAddresses();

        // The endpoints of a launch profile would have to be allocated, too.
        var project = builder.AddProject("catalog", Repository.PathOf("samples/Shop/Catalog/Catalog.csproj"), launchProfileName: null)
            .WithReference(etcd);

        Assert.Equal("http://localhost:32768", (await AppHosts.EnvironmentOfAsync(project))["ConnectionStrings__etcd"]);
    }

    [Fact]
    public async Task Executable_WithReference_GetsTheUrlOnTheHost()
    {
        var builder = AppHosts.Create();
        var etcd = builder.AddEtcd("etcd").WithAddresses();

        var executable = builder.AddExecutable("prices", "prices", ".").WithReference(etcd);

        var environment = await AppHosts.EnvironmentOfAsync(executable);
        Assert.Equal("http://localhost:32768", environment["ConnectionStrings__etcd"]);
        Assert.Equal("http://localhost:32768", environment["ETCD_URI"]);
        // Go's library would read it, and expects a URL.
        Assert.DoesNotContain("ETCD_HOST", environment.Keys);
    }

    [Fact]
    public async Task Container_WithReference_GetsTheUrlInTheContainerNetwork()
    {
        var builder = AppHosts.Create();
        var etcd = builder.AddEtcd("etcd").WithAddresses();

        var container = builder.AddContainer("prices", "prices").WithReference(etcd);

        Assert.Equal("http://etcd.dev.internal:2379", (await AppHosts.EnvironmentOfAsync(container))["ConnectionStrings__etcd"]);
    }

    [Fact]
    public async Task Reference_Published_IsTheConnectionStringOfTheResource()
    {
        var builder = AppHosts.Create("--operation", "publish", "--publisher", "manifest");
        var etcd = builder.AddEtcd("etcd");

        var container = builder.AddContainer("prices", "prices").WithReference(etcd);

        Assert.Equal("{etcd.connectionString}", (await AppHosts.EnvironmentOfAsync(container))["ConnectionStrings__etcd"]);
        Assert.Equal("{etcd.bindings.client.url}", etcd.Resource.ConnectionStringExpression.ValueExpression);
    }

    [Fact]
    public async Task AddEtcdDiscovery_InAnApplicationWithReference_UsesTheEndpoint()
    {
        var appHost = AppHosts.Create();
        var etcd = appHost.AddEtcd("etcd").WithAddresses();
        var environment = await AppHosts.EnvironmentOfAsync(appHost.AddExecutable("prices", "prices", ".").WithReference(etcd));

        var application = Host.CreateEmptyApplicationBuilder(null);
        // As the provider for environment variables does.
        application.Configuration.AddInMemoryCollection(environment.Select(variable =>
            KeyValuePair.Create(variable.Key.Replace("__", ":", StringComparison.Ordinal), (string?)variable.Value)));
        application.AddEtcdDiscovery("etcd");
        using var host = application.Build();

        Assert.Equal(["http://localhost:32768"], host.Services.GetRequiredService<IOptions<EtcdDiscoveryOptions>>().Value.Etcd.Endpoints);
    }
}
