using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>A server that is bound to no network address registers nothing, because no caller could reach it.</summary>
public sealed class ServerAddressTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Server_WithoutNetworkAddress_RegistersNothingAndLogsIt(bool inMemory, bool isTestServer)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var directory = Directory.CreateTempSubdirectory("socket-");
        var service = UniqueName.Of("hidden");
        var logs = new LogCapture();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.Configuration.AddInMemoryCollection([.. Product.Settings(server.Endpoint), new(Setting.Name, service)]);
        builder.AddDiscovery();
        builder.UseServerAddresses();
        if (inMemory)
        {
            builder.UseMemory();
        }

        if (isTestServer)
        {
            builder.WebHost.UseTestServer();
        }
        else
        {
            builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(directory.FullName, "socket")));
        }

        await using (var app = builder.Build())
        {
            await app.StartAsync(Token);

            Assert.Empty(app.Services.Registrations());
            Assert.Empty(await app.Services.InstancesAsync(service, Token));
            Assert.Contains("no network address", Assert.Single(logs.Of("NoNetworkAddress")).Message, StringComparison.Ordinal);
        }

        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WebApplicationFactory_WithServerAddresses_AnswersAndRegistersNothing(bool inMemory)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("hidden");
        await using var factory = new Factory([.. Product.Settings(server.Endpoint), new(Setting.Name, service)], inMemory);
        using var client = factory.CreateClient();

        Assert.Equal("ok", await client.GetStringAsync(new Uri("/", UriKind.Relative), Token));

        Assert.Empty(factory.Services.Registrations());
        Assert.Empty(await factory.Services.InstancesAsync(service, Token));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task TestServer_NothingToRegisterOrPortsConfigured_DoesNotWarn(bool hasPorts)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var logs = new LogCapture();
        var builder = WebApplication.CreateBuilder();
        builder.Logging.ClearProviders().AddProvider(logs);
        builder.Configuration.AddInMemoryCollection(hasPorts
            ? Product.Settings(server.Endpoint, UniqueName.Of("configured"), "http", 8080)
            : Product.Settings(server.Endpoint));
        builder.AddDiscovery();
        builder.UseServerAddresses();
        builder.WebHost.UseTestServer();
        await using var app = builder.Build();

        await app.StartAsync(Token);

        Assert.Equal(hasPorts ? 1 : 0, app.Services.Registrations().Count);
        Assert.Empty(logs.Of("NoNetworkAddress"));
    }

    /// <summary>Starts an application as the tests of that application do.</summary>
    private sealed class Factory(KeyValuePair<string, string?>[] settings, bool inMemory) : WebApplicationFactory<Factory>
    {
        protected override IHostBuilder CreateHostBuilder() => Host.CreateDefaultBuilder()
            .ConfigureAppConfiguration(configuration => configuration.AddInMemoryCollection(settings))
            .ConfigureWebHostDefaults(web => web
                .ConfigureServices(services => services.AddDiscovery(inMemory))
                .Configure(app => app.Run(context => context.Response.WriteAsync("ok"))));

        protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.UseContentRoot(AppContext.BaseDirectory);
    }
}
