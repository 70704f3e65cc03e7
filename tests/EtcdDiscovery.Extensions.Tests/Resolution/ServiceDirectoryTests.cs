using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>The list of services in the store.</summary>
public sealed class ServiceDirectoryTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Etcd")]
    [InlineData("EtcdV2")]
    public async Task Names_OfAStore_AreThoseOfAllDescriptions(string store)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var host = await DiscoveryHost.StartAsync(new() { ["Store"] = store, ["Etcd:Endpoints:0"] = server.Endpoint });
        var directory = host.Services.GetRequiredService<IServiceDirectory>();
        Assert.Empty(await directory.GetServiceNamesAsync(Token));
        var registry = host.Services.GetRequiredService<IServiceRegistry>();
        foreach (var name in new[] { "shop", "catalog", "team/prices" })
        {
            var registration = registry.Register(new() { Name = name, Hostname = "h" });
            await registration.WaitUntilRegisteredAsync(Token);
        }

        await registry.Registrations[0].DisposeAsync();

        Assert.Equal(["catalog", "shop", "team/prices"], await directory.GetServiceNamesAsync(Token));
    }

    [Fact]
    public async Task Names_WithKeyPrefix_AreThoseOfItsOwnFleet()
    {
        await using var memory = new InMemoryDiscoveryStore();
        await using var other = await StartAsync(memory, "", "shop");
        await using var host = await StartAsync(memory, "/blue", "catalog");

        Assert.Equal(["catalog"], await host.Services.GetRequiredService<IServiceDirectory>().GetServiceNamesAsync(Token));
    }

    private static async Task<DiscoveryHost> StartAsync(InMemoryDiscoveryStore memory, string prefix, string service)
    {
        var host = await DiscoveryHost.StartAsync(
            new() { ["KeyPrefix"] = prefix, ["Service:Name"] = service, ["Service:Hostname"] = "h" },
            builder => builder.Services.AddEtcdDiscovery().UseInMemoryStore(memory));
        await host.Registration.WaitUntilRegisteredAsync(Token);
        return host;
    }
}
