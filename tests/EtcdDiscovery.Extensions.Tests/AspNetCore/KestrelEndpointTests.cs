using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Tests.AspNetCore;

/// <summary>What a web application on Kestrel registers in a real etcd.</summary>
public sealed class KestrelEndpointTests(SharedEtcd etcd) : IDisposable
{
    private readonly string _service = UniqueName.Of("catalog");
    private readonly LogCapture _logs = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null)]
    [InlineData("Http2")]
    public async Task SecondEndpoint_OfAScheme_IsResolvedByItsName(string? protocols)
    {
        await using var app = await StartAsync(new()
        {
            ["Kestrel:Endpoints:Web:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Grpc:Url"] = "http://127.0.0.1:0",
            ["Kestrel:Endpoints:Grpc:Protocols"] = protocols,
        });

        var instance = await app.Services.GetRequiredService<IServiceResolver>().GetInstanceAsync(_service, default, Token);
        Assert.Equal(["grpc", "http"], instance.Ports!.Keys.Order(StringComparer.Ordinal));
        // Kestrel binds the endpoints in the order of their names.
        Assert.Equal(app.Urls, [$"http://127.0.0.1:{instance.Ports["grpc"]}", $"http://127.0.0.1:{instance.Ports["http"]}"]);
        using var http = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("any");
        Assert.Equal(instance.Ports["http"], await http.GetStringAsync(new Uri($"http://{_service}/"), Token));
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://_grpc.{_service}/")
        {
            Version = protocols is null ? new(1, 1) : new(2, 0),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await http.SendAsync(request, Token);
        Assert.Equal(instance.Ports["grpc"], await response.Content.ReadAsStringAsync(Token));
        Assert.Empty(_logs.Of("AddressLeftOut"));
    }

    [Fact]
    public async Task Endpoints_WithFixedPorts_AreRegisteredUnderTheirNames()
    {
        var (first, second) = (HttpFleet.RefusedPort(), HttpFleet.RefusedPort());
        await using var app = await StartAsync(new()
        {
            ["Kestrel:Endpoints:Admin:Url"] = $"http://127.0.0.1:{first}",
            ["Kestrel:Endpoints:Http:Url"] = $"http://127.0.0.1:{second}",
        });

        var instance = await app.Services.GetRequiredService<IServiceResolver>().GetInstanceAsync(_service, default, Token);

        Assert.Equal($"admin={first}, http={second}", instance.Ports!.ToString());
    }

    [Fact]
    public async Task OneLiner_WithABoundAddress_LogsOneLineAndNoWarning()
    {
        await using var app = await StartAsync(new() { ["urls"] = "http://*:0" });

        await app.StopAsync(Token);

        Assert.DoesNotContain(_logs.Lines, line => line.Level >= LogLevel.Warning && line.Category.StartsWith("EtcdDiscovery", StringComparison.Ordinal));
        Assert.Single(_logs.Of("Registered"));
    }

    [Fact]
    public async Task PublicService_BoundToLoopback_LogsOneWarning()
    {
        await using var app = await StartAsync(new() { ["urls"] = "http://127.0.0.1:0", ["EtcdDiscovery:Service:Public"] = "true" });

        Assert.StartsWith($"Service {_service} is public, but its host is 127.0.0.1", Assert.Single(_logs.Of("LoopbackHost")).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _logs.Dispose();

    private async Task<WebApplication> StartAsync(Dictionary<string, string?> settings)
    {
        var server = await etcd.GetAsync(EtcdVersion.First);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrel((context, kestrel) => kestrel.Configure(context.Configuration.GetSection("Kestrel")));
        builder.Services.AddRoutingCore();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Configuration["EtcdDiscovery:Etcd:Endpoints"] = server.Endpoint;
        builder.Configuration["EtcdDiscovery:Service:Name"] = _service;
        builder.Logging.AddProvider(_logs).SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddEtcdDiscovery().UseServerAddresses();
        builder.Services.AddHttpClient("any").AddEtcdDiscovery();
        var app = builder.Build();
        app.MapGet("/", (HttpContext context) => $"{context.Connection.LocalPort}");
        await app.StartAsync(Token);
        await Assert.Single(app.Services.GetRequiredService<IServiceRegistry>().Registrations).WaitUntilRegisteredAsync(Token);
        return app;
    }
}
