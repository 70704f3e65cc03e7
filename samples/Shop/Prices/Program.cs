using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Prices;
using Shop;

var builder = WebApplication.CreateBuilder(args);

// Registers both endpoints in appsettings.json. Without TLS, HTTP/1.1 for probes and HTTP/2 for gRPC need a port each.
builder.Services.AddEtcdDiscovery().UseServerAddresses();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.Services.AddGrpc();
builder.AddShopTelemetry();

var app = builder.Build();

app.MapHealthChecks("/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false });
app.MapGrpcService<PriceListService>();

app.Run();
