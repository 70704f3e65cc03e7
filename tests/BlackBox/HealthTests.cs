using System.Net;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.BlackBox;

/// <summary>The responses that a load balancer gets from ASP.NET Core's mapping: 503 for Unhealthy, else 200.</summary>
public sealed class HealthTests : IAsyncDisposable
{
    private const string Service = "shop";

    private readonly List<WebApplication> _hosts = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(EtcdVersion.First)]
    [InlineData(EtcdVersion.Second)]
    public async Task Fleet_EtcdUnreachable_StaysReadyAndTheDescriptionNamesWhatToDo(EtcdVersion version)
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(version));
        var fleet = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => StartAsync(server, Service)));
        foreach (var host in fleet)
        {
            await host.Services.RegisteredAsync(Token);
            Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetHealthAsync(host));
        }

        await server.KillAsync();

        foreach (var host in fleet)
        {
            await WaitForDescriptionAsync(host, "Service 'shop' is no longer registered: ");
            Assert.Equal((HttpStatusCode.OK, "Degraded"), await GetHealthAsync(host));
            Assert.EndsWith(". Contact the operators of etcd.", (await CheckAsync(host)).Description, StringComparison.Ordinal);
        }

        await server.RestartAsync(wipe: true);
        foreach (var host in fleet)
        {
            await WaitForHealthAsync(host, HttpStatusCode.OK, "Healthy");
        }
    }

    [Fact]
    public async Task Instance_NeverRegistered_IsNotReadyUntilRegistered()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.KillAsync();
        var host = await StartAsync(server, Service);

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await GetHealthAsync(host));
        await WaitForDescriptionAsync(host, "Service 'shop' is not registered yet: Etcd at ");
        await server.RestartAsync(wipe: false);

        await WaitForHealthAsync(host, HttpStatusCode.OK, "Healthy");
    }

    [Fact]
    public async Task Consumer_NeverReadARequiredService_IsNotReadyUntilRead()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync($"/services/{Service}/a", """{"name":"a.dev","ports":null}""");
        await server.KillAsync();
        var host = await StartAsync(server);
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetHealthAsync(host));
        await Assert.ThrowsAnyAsync<Exception>(() => host.Services.InstancesAsync(Service, Token));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "Unhealthy"), await GetHealthAsync(host));
        await server.RestartAsync(wipe: false);

        await WaitForHealthAsync(host, HttpStatusCode.OK, "Healthy");
    }

    [Fact]
    public async Task Consumer_EtcdUnreachable_StaysReadyWhateverNamesAreQueried()
    {
        await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
        await server.PutAsync($"/services/{Service}/a", """{"name":"a.dev","ports":null}""");
        var host = await StartAsync(server);
        Assert.Single(await host.Services.InstancesAsync(Service, Token));
        Assert.Empty(await host.Services.InstancesAsync("no-service", Token));
        Assert.Equal((HttpStatusCode.OK, "Healthy"), await GetHealthAsync(host));

        await server.KillAsync();
        await WaitForHealthAsync(host, HttpStatusCode.OK, "Degraded");
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAnyAsync<Exception>(() => host.Services.InstancesAsync($"unknown-{i}", Token));
        }

        Assert.Equal((HttpStatusCode.OK, "Degraded"), await GetHealthAsync(host));
        await WaitForDescriptionAsync(host, "Service 'shop' is resolved from a snapshot that is ");
    }

    [Fact]
    public async Task Consumer_StartedFromASavedSnapshot_IsReady()
    {
        var directory = Directory.CreateTempSubdirectory("snapshots-");
        try
        {
            await using var server = await EtcdServer.StartAsync(SharedEtcd.BinaryOf(EtcdVersion.First));
            await server.PutAsync($"/services/{Service}/a", """{"name":"a.dev","ports":null}""");
            var saves = KeyValuePair.Create<string, string?>(Setting.SnapshotDirectory, directory.FullName);
            var first = await StartAsync(server, settings: saves);
            Assert.Single(await first.Services.InstancesAsync(Service, Token));
            await first.StopAsync(Token);
            await first.DisposeAsync();
            await server.KillAsync();

            var second = await StartAsync(server, settings: saves);
            Assert.Single(await second.Services.InstancesAsync(Service, Token));

            Assert.Equal((HttpStatusCode.OK, "Degraded"), await GetHealthAsync(second));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }
    }

    private async Task<WebApplication> StartAsync(
        EtcdServer server, string? service = null, params KeyValuePair<string, string?>[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Configuration.AddInMemoryCollection(
            [.. Product.Settings(server.Endpoint, service, "http", 80), new(Setting.TimeToLive, "00:00:02"), .. settings]);
        builder.Configuration["urls"] = "http://127.0.0.1:0";
        builder.Logging.ClearProviders();
        builder.AddDiscovery();
        builder.Services.AddHealthChecks().AddDiscovery();
        var host = builder.Build();
        host.MapHealthChecks("/ready");
        lock (_hosts)
        {
            _hosts.Add(host);
        }

        await host.StartAsync(Token);
        return host;
    }

    private static async Task<(HttpStatusCode Status, string Text)> GetHealthAsync(WebApplication host)
    {
        using var client = new HttpClient();
        using var response = await client.GetAsync(new Uri($"{host.Urls.Single()}/ready"), Token);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Token));
    }

    private static async Task<HealthReportEntry> CheckAsync(WebApplication host) =>
        Assert.Single((await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Token)).Entries).Value;

    private static Task WaitForHealthAsync(WebApplication host, HttpStatusCode status, string text) =>
        Eventually.TrueAsync(async () => await GetHealthAsync(host) == (status, text), $"the response is {text}");

    private static Task WaitForDescriptionAsync(WebApplication host, string start) => Eventually.TrueAsync(
        async () => (await CheckAsync(host)).Description!.StartsWith(start, StringComparison.Ordinal), $"the description begins with: {start}");
}
