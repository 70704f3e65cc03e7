using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>What docs/testing.md shows, so that it compiles. The other examples are tests of the sample and of the package.</summary>
internal static class TestingSnippets
{
    public static FakeServiceResolver PickTheFirst()
    {
        var resolver = new FakeServiceResolver(options => options.Balancing = InstanceBalancing.First);
        return resolver;
    }

    public static void TestAClient(FakeServiceResolver resolver)
    {
        var services = new ServiceCollection();
        services.AddFakeServiceResolver(resolver);
        services.AddHttpClient("catalog", client => client.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();
    }

    public static async Task UseContainerAsync(IHostApplicationBuilder builder, CancellationToken cancellationToken)
    {
        await using EtcdContainer etcd = new EtcdBuilder("quay.io/coreos/etcd:v3.5.30").Build();
        await etcd.StartAsync(cancellationToken);
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints:0"] = etcd.GetConnectionString();
    }

    public static async Task UseProcessAsync(IHostApplicationBuilder builder, CancellationToken cancellationToken)
    {
        await using var etcd = new EtcdProcess();
        await etcd.StartAsync(cancellationToken);
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints:0"] = etcd.GetConnectionString();

        await etcd.KillAsync();
        await etcd.StartAsync(cancellationToken);
    }
}
