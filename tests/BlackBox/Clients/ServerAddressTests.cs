using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Servers that are bound to no network address register nothing that could not be called.</summary>
public sealed class ServerAddressTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Server_WithoutANetworkAddress_RegistersNothingAndSaysSo(bool inMemory, bool isTestServer)
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
    [InlineData(false)]
    [InlineData(true)]
    public async Task TestServer_WithNothingToRegisterOrPortsOfItsOwn_DoesNotWarn(bool hasPorts)
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
}
