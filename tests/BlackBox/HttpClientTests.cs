using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox;

public sealed class HttpClientTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task HttpClient_ServiceNameAsHost_ReachesTheRegisteredServer()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var service = UniqueName.Of("catalog");
        await using var web = await WebInstance.StartAsync("from the catalog");
        using var catalog = Build(Product.Settings(server.Endpoint, service, "http", web.Port));
        await catalog.StartAsync(Token);
        await catalog.Services.RegisteredAsync(Token);
        using var storefront = Build(Product.Settings(server.Endpoint));
        await storefront.StartAsync(Token);

        using var client = storefront.Services.GetRequiredService<IHttpClientFactory>().CreateClient("catalog");

        Assert.Equal("from the catalog", await client.GetStringAsync(new Uri($"http://{service}/"), Token));
    }

    private static IHost Build(IEnumerable<KeyValuePair<string, string?>> settings)
    {
        var builder = Host.CreateApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Logging.ClearProviders();
        builder.AddDiscovery();
        builder.Services.AddHttpClient("catalog").AddDiscovery();
        return builder.Build();
    }
}
