using System.Net;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Infrastructure.Deployment;

namespace EtcdDiscovery.Tests.Integration;

/// <summary>Samples that no other test runs, as processes.</summary>
public sealed class SampleTests(IntegrationEtcd etcd) : IAsyncDisposable
{
    private readonly string _prefix = "/" + UniqueName.Of("samples");
    private readonly string _url = $"http://127.0.0.1:{HttpFleet.RefusedPort()}";
    private readonly List<ShopProcess> _processes = [];
    private readonly HttpClient _http = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Quickstart_Started_CallsItselfByNameAndIsHealthy()
    {
        await StartAsync("Quickstart", _url);

        await Eventually.TrueAsync(async () => (await AskAsync("/")).Text.StartsWith("Hello from process", StringComparison.Ordinal), "it greets itself");
        Assert.Equal("Healthy", (await AskAsync("/healthz")).Text);
    }

    [Fact]
    public async Task Gateway_StorefrontKilled_ServesAgainOnceItIsKnown()
    {
        await StartAsync("Gateway", _url);
        await StartAsync("Catalog");
        await StartAsync("Prices");
        var killed = await StartAsync("Storefront");
        await StartAsync("Storefront");
        await Eventually.TrueAsync(async () => await CountAsync("storefront") == 2, "both storefronts are registered");
        await Eventually.TrueAsync(HasPriceAsync, "the gateway returns an item with its price");

        await killed.KillAsync();

        // YARP does not retry. A client that does gets every item.
        await Eventually.TrueAsync(
            async () =>
            {
                await Eventually.TrueAsync(HasPriceAsync, "a repeated request succeeds");
                return await CountAsync("storefront") == 1;
            },
            "the entry of the killed storefront expires");
        await Eventually.TrueAsync(async () => await HasPriceAsync() && await HasPriceAsync(), "both of two requests in turn succeed");
        for (var request = 0; request < 20; request++)
        {
            Assert.True(await HasPriceAsync());
        }
    }

    [Fact]
    public async Task Storefront_PricesKilled_ReturnsItemsWithoutPrices()
    {
        await StartAsync("Catalog");
        var prices = await StartAsync("Prices");
        await StartAsync("Storefront", _url);
        await Eventually.TrueAsync(HasPriceAsync, "the item has a price");

        await prices.KillAsync();

        var (status, text) = await AskAsync("/items/1");
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Contains("\"price\":null", text, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        _http.Dispose();
    }

    private async Task<ShopProcess> StartAsync(string program, string url = "http://127.0.0.1:0")
    {
        var process = ShopProcess.Start(program, new()
        {
            ["EtcdDiscovery:Etcd:Endpoints:0"] = (await etcd.GetAsync()).Endpoint,
            ["EtcdDiscovery:KeyPrefix"] = _prefix,
            ["Urls"] = url,
        });
        _processes.Add(process);
        return process;
    }

    private async Task<int> CountAsync(string service) => (await (await etcd.GetAsync()).ReadAsync($"{_prefix}/services/{service}/")).Count;

    private async Task<bool> HasPriceAsync() => (await AskAsync("/items/1")).Text.Contains("\"price\":1.99", StringComparison.Ordinal);

    private async Task<(HttpStatusCode? Status, string Text)> AskAsync(string path)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri(_url + path), Token);
            return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
        }
        catch (HttpRequestException)
        {
            return (null, "");
        }
    }
}
