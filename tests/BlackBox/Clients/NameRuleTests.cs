using System.Net.Http.Headers;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>Which hosts a client resolves with discovery, and which addresses it accepts from there.</summary>
public sealed class NameRuleTests(SharedEtcd etcd)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("api.example.com")]
    [InlineData("vault")]
    public async Task DefaultClient_HostNotInServiceHosts_IgnoresAnEntryOfThatName(string host)
    {
        await using var fleet = await StartAsync();
        await fleet.RegisterAsync(host, new() { ["http"] = "9", ["https"] = "9" }, "127.0.0.1");
        var caller = await fleet.StartCallerAsync(services => services.ConfigureHttpClientDefaults(http =>
            http.ConfigurePrimaryHttpMessageHandler(DnsRecorder.NewHandler).AddDiscovery(new ClientSettings { ServiceHosts = [fleet.Service] })));
        using var client = caller.GetRequiredService<IHttpClientFactory>().CreateClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"https://{host}/secrets");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "token");

        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(request, Token));

        Assert.Equal($"DNS query for {host}:443", error.InnerException?.Message);
        Assert.Equal("items", await client.GetStringAsync(new Uri($"http://{fleet.Service}/items"), Token));
    }

    [Theory]
    [InlineData("*")]
    [InlineData("*.internal")]
    public async Task DefaultClient_PatternInServiceHosts_ResolvesMatchingHosts(string pattern)
    {
        await using var fleet = await StartAsync();
        var host = $"{fleet.Service}.internal";
        var port = (await fleet.StartCallerAsync(_ => { })).InstancesAsync(fleet.Service, Token);
        await fleet.RegisterAsync(host, new() { ["http"] = (await port)[0].Ports!["http"] });
        var caller = await fleet.StartCallerAsync(services => services.ConfigureHttpClientDefaults(http =>
            http.AddDiscovery(new ClientSettings { ServiceHosts = [pattern] })));
        using var client = caller.GetRequiredService<IHttpClientFactory>().CreateClient();

        Assert.Equal("items", await client.GetStringAsync(new Uri($"http://{host}/items"), Token));
    }

    [Fact]
    public async Task DefaultClient_WithoutServiceHosts_IsRefusedAtStart()
    {
        var server = await etcd.GetAsync(EtcdVersion.First);

        var error = await Assert.ThrowsAnyAsync<Exception>(() => App.StartAsync(
            Product.Settings(server.Endpoint), builder => builder.Services.ConfigureHttpClientDefaults(http => http.AddDiscovery())));

        Assert.Contains("ServiceHosts", error.Message, StringComparison.Ordinal);
        Assert.Contains("'*'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_HostNotInServiceHosts_UsesDnsAndHealthIsUnaffectedWithAndWithoutEtcd(bool isDefault)
    {
        await using var own = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await using var app = await App.StartAsync(Product.Settings(own.Endpoint), builder =>
        {
            if (isDefault)
            {
                builder.Services.ConfigureHttpClientDefaults(http => http
                    .ConfigurePrimaryHttpMessageHandler(DnsRecorder.NewHandler)
                    .AddDiscovery(new ClientSettings { ServiceHosts = ["catalog"] }));
            }
            else
            {
                builder.Services.AddHttpClient("caller")
                    .ConfigurePrimaryHttpMessageHandler(DnsRecorder.NewHandler)
                    .AddDiscovery(new ClientSettings { ExternalHosts = ["api.example.com"] });
            }
        });
        using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("caller");
        Assert.Equal("DNS query for api.example.com:80", await DnsRecorder.GetDnsQueryAsync(client, "http://api.example.com/", Token));

        await own.KillAsync();

        Assert.Equal("DNS query for api.example.com:80", await DnsRecorder.GetDnsQueryAsync(client, "http://api.example.com/", Token));
        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token);
        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    [Theory]
    [InlineData("127.0.0.1", "10.0.0.0/8", false)]
    [InlineData("localhost", "10.0.0.0/8", false)]
    [InlineData("127.0.0.1", "127.0.0.0/8", true)]
    [InlineData("localhost", "127.0.0.0/8", true)]
    public async Task Instance_OutsideAllowedNetworks_ReceivesNoRequest(string hostname, string network, bool isAllowed)
    {
        await using var fleet = await StartAsync();
        var other = UniqueName.Of("other");
        var caller = await fleet.StartCallerAsync(services => services.AddHttpClient("caller")
            .AddDiscovery(new ClientSettings { AllowedNetworks = [network] }));
        var port = (await caller.InstancesAsync(fleet.Service, Token))[0].Ports!["http"];
        await fleet.RegisterAsync(other, new() { ["http"] = port }, hostname);
        using var client = caller.GetRequiredService<IHttpClientFactory>().CreateClient("caller");
        await Eventually.TrueAsync(async () => (await caller.InstancesAsync(other, Token)).Count == 1, "the caller resolves the instance");

        var asking = client.GetStringAsync(new Uri($"http://{other}/items"), Token);

        if (isAllowed)
        {
            Assert.Equal("items", await asking);
        }
        else
        {
            Assert.Contains("AllowedNetworks", (await Assert.ThrowsAnyAsync<Exception>(() => asking)).ToString(), StringComparison.Ordinal);
        }
    }

    private Task<Fleet> StartAsync() => Fleet.StartAsync(etcd, (app, _) => app.MapGet("/items", () => "items"), size: 1);
}
