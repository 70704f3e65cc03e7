using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Registration;

namespace EtcdDiscovery.Tests.Hosting;

/// <summary>Fleets with different key prefixes in one etcd, on both protocols. The authentication tests cover roles limited to a prefix.</summary>
public sealed class KeyPrefixTests(SharedEtcd etcd)
{
    private readonly string _service = UniqueName.Of("shop");
    private readonly string _prefix = "/" + UniqueName.Of("fleet");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First, "Etcd")]
    [InlineData(EtcdVersion.First, "EtcdV2")]
    [InlineData(EtcdVersion.Second, "EtcdV2")]
    public async Task Fleets_WithDifferentPrefixes_AreIsolated(EtcdVersion version, string store)
    {
        var server = await etcd.GetAsync(SharedEtcd.For(store, version));
        await using var watcher = await DiscoveryHost.StartAsync(Settings(server, store, _prefix, null));
        await using var changes = new DrainReader(watcher.Resolver, _service);
        await using var other = await DiscoveryHost.RegisterAsync(Settings(server, store, _prefix + "-b", _service));
        await using var none = await DiscoveryHost.RegisterAsync(Settings(server, store, null, _service));
        await using var host = await DiscoveryHost.RegisterAsync(Settings(server, store, _prefix, _service));

        Assert.Equal("Up", await changes.NextAsync());
        Assert.Equal(host.Registration.InstanceId, await OnlyOneAsync(watcher));
        Assert.Equal(other.Registration.InstanceId, await OnlyOneAsync(other));
        Assert.Equal(none.Registration.InstanceId, await OnlyOneAsync(none));
        await host.Registration.SetCredentialsAsync(new ServiceCredentials("u", "p"), Token);
        Assert.Equal("Updated", await changes.NextAsync());
        Assert.Equal((null, null), (other.Registration.Credentials, none.Registration.Credentials));

        await host.StopAsync();
        var last = await changes.NextAsync();
        // On v3 a host first marks itself as draining; v2 itself distinguishes deletion from expiry.
        Assert.Equal("Down Unregistered", store == "Etcd" && last == "Updated" ? await changes.NextAsync() : last);
        Assert.Equal(other.Registration.InstanceId, await OnlyOneAsync(other));
    }

    private static Dictionary<string, string?> Settings(EtcdServer server, string store, string? prefix, string? service) =>
        new(server.Settings(service))
        {
            ["Store"] = store,
            ["KeyPrefix"] = prefix,
            ["Service:Hostname"] = service is null ? null : "h.dev",
            ["Service:Public"] = service is null ? null : "true",
        };

    private async Task<string> OnlyOneAsync(DiscoveryHost host) =>
        Assert.Single(await host.Resolver.GetInstancesAsync(_service, cancellationToken: Token)).Id;
}
