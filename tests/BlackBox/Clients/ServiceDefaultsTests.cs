using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Clients in an application that uses Aspire's service defaults.</summary>
public sealed class ServiceDefaultsTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://{0}/items")]
    [InlineData("http://{0}:80/items")]
    [InlineData("https+http://{0}/items")]
    [InlineData("http://_web.{0}/items")]
    [InlineData("http+https://_web.{0}/items")]
    public async Task Client_WithDiscovery_ReachesTheServiceDespiteTheDefaults(string url)
    {
        await using var fleet = await Fleet.StartAsync(
            etcd, (app, _) => app.MapGet("/items", () => "items"), ports: ["http", "web"]);
        var caller = await fleet.StartCallerAsync(services =>
        {
            services.AddServiceDiscovery();
            services.ConfigureHttpClientDefaults(http =>
            {
                http.AddStandardResilienceHandler();
                http.AddServiceDiscovery();
            });
            services.AddHttpClient("caller").AddDiscovery();
        });
        using var client = caller.GetRequiredService<IHttpClientFactory>().CreateClient("caller");
        var uri = new Uri(string.Format(System.Globalization.CultureInfo.InvariantCulture, url, fleet.Service));

        for (var request = 0; request < 10; request++)
        {
            Assert.Equal("items", await client.GetStringAsync(uri, Token));
        }

        await fleet.KillAsync(0);
        for (var request = 0; request < 20; request++)
        {
            Assert.Equal("items", await client.GetStringAsync(uri, Token));
        }
    }

    // Docker Compose and Aspire write endpoints like this: the host is the service name.
    [Theory]
    [InlineData("https+http://{0}/items", true)]
    [InlineData("https+http://{0}:8080/items", true)]
    [InlineData("https+http://{0}/items", false)]
    [InlineData("https+http://{0}:8080/items", false)]
    public async Task Client_EndpointInConfiguration_PrefersItToTheEntryInEtcd(string url, bool isDefault)
    {
        await using var fleet = await Fleet.StartAsync(etcd, (app, _) => app.MapGet("/items", () => "items"), size: 1);
        var server = await etcd.GetAsync(EtcdVersion.First);
        var endpoint = $"http://{fleet.Service}:8080";
        await using var caller = await App.StartAsync(
            [.. Product.Settings(server.Endpoint), new($"Services:{fleet.Service}:http:0", endpoint)],
            builder =>
            {
                builder.Services.AddServiceDiscovery();
                builder.Services.ConfigureHttpClientDefaults(http =>
                {
                    http.ConfigurePrimaryHttpMessageHandler(DnsRecorder.NewHandler);
                    http.AddServiceDiscovery();
                    if (isDefault)
                    {
                        http.AddDiscovery(new ClientSettings { ServiceHosts = ["another"] });
                    }
                });
                if (!isDefault)
                {
                    builder.Services.AddHttpClient("caller").AddDiscovery();
                }
            });
        using var client = caller.Services.GetRequiredService<IHttpClientFactory>().CreateClient("caller");

        var query = await DnsRecorder.GetDnsQueryAsync(
            client, string.Format(System.Globalization.CultureInfo.InvariantCulture, url, fleet.Service), Token);

        Assert.Equal($"DNS query for {fleet.Service}:8080", query);
    }
}
