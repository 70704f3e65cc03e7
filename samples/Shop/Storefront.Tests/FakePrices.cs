using System.Globalization;
using EtcdDiscovery;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Shop;

namespace Storefront.Tests;

/// <summary>A stand-in for an instance of the prices, on a free port.</summary>
internal sealed class FakePrices : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakePrices(WebApplication app) => _app = app;

    public ServiceInstance Instance => new()
    {
        Id = "prices-1",
        ServiceName = "prices",
        Hostname = "127.0.0.1",
        Ports = new ServiceMap([KeyValuePair.Create("grpc", new Uri(_app.Urls.Single()).Port.ToString(CultureInfo.InvariantCulture))]),
    };

    public static async Task<FakePrices> StartAsync(long cents)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ConfigureEndpointDefaults(endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(new SamePrice(cents));
        var app = builder.Build();
        app.MapGrpcService<SamePrice>();
        await app.StartAsync();
        return new FakePrices(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class SamePrice(long cents) : PriceList.PriceListBase
    {
        public override Task<Price> GetPrice(PriceRequest request, ServerCallContext context) => Task.FromResult(new Price { Cents = cents });
    }
}
