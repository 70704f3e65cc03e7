using System.Text.Json.Nodes;
using EtcdDiscovery.Tests.Infrastructure;
using EtcdDiscovery.Tests.Infrastructure.Deployment;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox;

/// <summary>A host that stops is no longer resolved before its server stops.</summary>
public sealed class DrainTests(SharedEtcd etcd)
{
    private const string DrainDelay = "00:00:03";

    private readonly string _service = UniqueName.Of("web");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private string Directory => $"/services/{_service}/";

    [Theory]
    [InlineData(EtcdVersion.First, StoreName.V3)]
    [InlineData(EtcdVersion.Second, StoreName.V3)]
    [InlineData(EtcdVersion.First, StoreName.V2)]
    public async Task Application_Stopping_DrainsWhileServingThenWithdrawsThenStops(EtcdVersion version, string store)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, version)), store);
        await using var consumer = await App.StartAsync(keys.Settings());
        await using var web = await StartWebAsync(keys);
        using var http = new HttpClient { BaseAddress = new Uri(web.Urls.Single()) };
        await consumer.WaitForHostnamesAsync(_service, "127.0.0.1");

        var stopping = web.StopAsync(Token);
        await consumer.WaitForHostnamesAsync(_service);

        // During the whole delay, the instance is registered as draining and serves, so callers with an older snapshot succeed.
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal("here", await http.GetStringAsync("/", Token));
            Assert.Equal("draining", (string?)JsonNode.Parse(Assert.Single(await keys.ReadAsync(Directory)).Value)!["status"]);
        }

        await AssertWithdrawnBeforeServerStopsAsync(keys, http, stopping);
        Assert.NotNull(await keys.FindAsync($"/services_infos/{_service}"));
    }

    [Theory]
    [InlineData(StoreName.V3, "00:00:02")]
    [InlineData(StoreName.V3, "00:00:00")]
    [InlineData(StoreName.V2, "00:00:00")]
    public async Task Process_ReceivingSigterm_WithdrawsBeforeItStopsServing(string store, string drainDelay)
    {
        using var keys = new RawKeys(await etcd.GetAsync(SharedEtcd.For(store, EtcdVersion.First)), store);
        await using var process = ShopProcess.Start("Catalog", keys.Settings(_service)
            .Append(new(Setting.DrainDelay, drainDelay))
            .Append(new("Urls", "http://127.0.0.1:0"))
            .ToDictionary(setting => setting.Key, setting => setting.Value!));
        await Eventually.TrueAsync(async () => (await keys.ReadAsync(Directory)).Count == 1, "it is registered");
        var port = (string)JsonNode.Parse((await keys.ReadAsync(Directory))[0].Value)!["ports"]!["http"]!;
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        Assert.True(await ServesAsync(http));

        await AssertWithdrawnBeforeServerStopsAsync(keys, http, process.TerminateAsync());
    }

    private async Task AssertWithdrawnBeforeServerStopsAsync(RawKeys keys, HttpClient http, Task stopping)
    {
        while ((await keys.ReadAsync(Directory)).Count > 0)
        {
            var serves = await ServesAsync(http);
            Assert.True(serves || (await keys.ReadAsync(Directory)).Count == 0, "The server stopped while the instance was registered.");
        }

        await stopping.WaitAsync(Eventually.Patience, Token);
        Assert.False(await ServesAsync(http));
    }

    private static async Task<bool> ServesAsync(HttpClient http)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri("/", UriKind.Relative), Token);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<WebApplication> StartWebAsync(RawKeys keys)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(keys.Settings(_service).Append(new(Setting.DrainDelay, DrainDelay)));
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddDiscovery();
        var app = builder.Build();
        app.MapGet("/", () => "here");
        await app.StartAsync(Token);
        await app.Services.RegisteredAsync(Token).WaitAsync(Eventually.Patience, Token);
        return app;
    }
}
