using EtcdDiscovery;
using Shop;
using Storefront;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddEtcdDiscovery();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.AddShopTelemetry();
builder.Services.AddHttpClient<CatalogClient>(http => http.BaseAddress = new Uri("http://catalog")).AddEtcdDiscovery();

var app = builder.Build();

app.MapHealthChecks("/healthz");
// In production, require a policy instead: .RequireAuthorization("operators").
app.MapEtcdDiscovery("/discovery").AllowAnonymous();

app.MapGet("/items/{id:int}", (int id, CatalogClient catalog, CancellationToken cancellationToken) =>
    catalog.GetItemAsync(id, cancellationToken));

// Anonymous objects, so that credentials are not returned.
app.MapGet("/instances/{service}", async (string service, IServiceResolver resolver, CancellationToken cancellationToken) =>
{
    var snapshot = await resolver.GetSnapshotAsync(service, cancellationToken: cancellationToken);
    return snapshot.Instances
        .Where(instance => instance.Status == ServiceStatus.Serving)
        .Select(instance => new { instance.Id, instance.Hostname, instance.Ports });
});

app.Run();
