using System.Net.Http.Json;
using EtcdDiscovery.Testing;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Storefront.Tests;

/// <summary>The storefront while etcd is out of reach, and while instances of the catalog vanish.</summary>
public sealed class OutageTests : IAsyncDisposable
{
    private readonly FakeTimeProvider _clock = new();
    private readonly ScriptedFleet _fleet;
    private readonly WebApplicationFactory<Program> _storefront;

    public OutageTests()
    {
        _fleet = new ScriptedFleet(_clock);
        _storefront = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
            builder.ConfigureTestServices(services => services.AddScriptedFleet(_fleet)));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30_000)]
    public async Task Items_DuringAnOutageOfEtcd_AreServed()
    {
        await using var catalog = await FakeCatalog.StartAsync("first");
        _fleet.Up("catalog", catalog.Url);
        var http = _storefront.CreateClient();
        await http.GetFromJsonAsync<Item>("/items/7", Token);

        _fleet.Outage();
        await UntilHealthIsAsync("Degraded");

        Assert.Equal("first", (await http.GetFromJsonAsync<Item>("/items/7", Token))!.From);

        _fleet.Restore();
        await UntilHealthIsAsync("Healthy");
    }

    [Fact]
    public async Task Items_WhileACatalogCrashesAndExpires_ComeFromTheOther()
    {
        await using var crashing = await FakeCatalog.StartAsync("first");
        await using var other = await FakeCatalog.StartAsync("second");
        var expiring = _fleet.Up("catalog", crashing.Url);
        _fleet.Up("catalog", other.Url);
        var http = _storefront.CreateClient();

        await crashing.DisposeAsync();
        Assert.Equal("second", (await http.GetFromJsonAsync<Item>("/items/7", Token))!.From);

        _fleet.Expire(expiring.Id);
        Assert.Equal("second", (await http.GetFromJsonAsync<Item>("/items/8", Token))!.From);
    }

    public async ValueTask DisposeAsync()
    {
        await _storefront.DisposeAsync();
        _fleet.Dispose();
    }

    // The storefront's retries and renewals are due as the clock advances.
    private async Task UntilHealthIsAsync(string expected)
    {
        using var ticks = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (await _storefront.CreateClient().GetStringAsync("/healthz", Token) != expected)
        {
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            await ticks.WaitForNextTickAsync(Token);
        }
    }
}
