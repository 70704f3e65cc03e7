using System.Net;
using System.Net.Http.Json;
using EtcdDiscovery.Testing;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;

namespace Storefront.Tests;

/// <summary>The storefront in this process, with a fake resolver instead of etcd.</summary>
public sealed class StorefrontTests : IAsyncDisposable
{
    private readonly FakeServiceResolver _resolver = new();
    private readonly WebApplicationFactory<Program> _storefront;

    public StorefrontTests() =>
        _storefront = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
            builder.ConfigureTestServices(services => services.AddFakeServiceResolver(_resolver)));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Item_WithACatalog_ComesFromIt()
    {
        await using var catalog = await FakeCatalog.StartAsync("first");
        _resolver.Up("catalog", catalog.Url);

        var item = await _storefront.CreateClient().GetFromJsonAsync<Item>("/items/7", Token);

        Assert.Equal(new Item(7, "Item 7", "first"), item);
    }

    [Fact]
    public async Task Item_WithPrices_HasItsPrice()
    {
        await using var catalog = await FakeCatalog.StartAsync("first");
        await using var prices = await FakePrices.StartAsync(cents: 799);
        _resolver.Up("catalog", catalog.Url);
        _resolver.Up(prices.Instance);

        var item = await _storefront.CreateClient().GetFromJsonAsync<Item>("/items/7", Token);

        Assert.Equal(new Item(7, "Item 7", "first", 7.99m), item);
    }

    [Fact]
    public async Task Item_PricesCrashed_HasNoPrice()
    {
        await using var catalog = await FakeCatalog.StartAsync("first");
        await using var prices = await FakePrices.StartAsync(cents: 799);
        _resolver.Up("catalog", catalog.Url);
        _resolver.Up(prices.Instance);

        await prices.DisposeAsync();

        var item = await _storefront.CreateClient().GetFromJsonAsync<Item>("/items/7", Token);
        Assert.Equal(new Item(7, "Item 7", "first"), item);
    }

    [Fact]
    public async Task Item_AfterACatalogWasDrained_ComesFromAnother()
    {
        await using var first = await FakeCatalog.StartAsync("first");
        await using var second = await FakeCatalog.StartAsync("second");
        var drained = _resolver.Up("catalog", first.Url);
        _resolver.Up("catalog", second.Url);

        _resolver.Drain(drained.Id);

        var item = await _storefront.CreateClient().GetFromJsonAsync<Item>("/items/7", Token);
        Assert.Equal("second", item!.From);
    }

    [Fact]
    public async Task Item_WithoutACatalog_IsAServerError()
    {
        using var response = await _storefront.CreateClient().GetAsync("/items/7", Token);

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
    }

    [Fact]
    public async Task Health_WithoutEtcd_IsHealthy() =>
        Assert.Equal("Healthy", await _storefront.CreateClient().GetStringAsync("/healthz", Token));

    public async ValueTask DisposeAsync()
    {
        await _storefront.DisposeAsync();
        await _resolver.DisposeAsync();
    }
}
