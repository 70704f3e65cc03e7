using EtcdDiscovery;
using Shop;
using Storefront;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddEtcdDiscovery().UseServerAddresses();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.AddShopTelemetry();
builder.Services.AddHttpClient<CatalogClient>(http => http.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();
// Short calls suit this handler better than the resolver etcd:///, because it picks an instance for each call and avoids failed ones.
builder.Services.AddGrpcClient<PriceList.PriceListClient>(grpc => grpc.Address = new Uri("http://_grpc.prices")).AddEtcdDiscovery();
builder.Services.AddTransient<PriceClient>();

var app = builder.Build();

app.MapHealthChecks("/healthz");
// In production, require a policy instead: .RequireAuthorization("operators").
app.MapEtcdDiscovery("/discovery").AllowAnonymous();

app.MapGet("/items/{id:int}", async (int id, CatalogClient catalog, PriceClient prices, CancellationToken cancellationToken) =>
{
    var item = catalog.GetItemAsync(id, cancellationToken);
    var price = prices.FindPriceAsync(id, cancellationToken);
    await Task.WhenAll(item, price);
    return await item with { Price = await price };
});

// Anonymous objects, so that credentials are not returned.
app.MapGet("/instances/{service}", async (string service, IServiceResolver resolver, CancellationToken cancellationToken) =>
{
    var snapshot = await resolver.GetSnapshotAsync(service, cancellationToken: cancellationToken);
    return snapshot.Instances
        .Where(instance => instance.Status == ServiceStatus.Serving)
        .Select(instance => new { instance.Id, instance.Hostname, instance.Ports });
});

app.Run();
