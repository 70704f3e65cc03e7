using EtcdDiscovery;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Shop;

var builder = WebApplication.CreateBuilder(args);

builder.Services.AddEtcdDiscovery().UseServerAddresses();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.AddShopTelemetry();

var app = builder.Build();
var timeToLookUp = app.Configuration.GetValue<TimeSpan>("Shop:TimeToLookUp");

app.MapHealthChecks("/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains("ready") });
app.MapHealthChecks("/alive", new HealthCheckOptions { Predicate = _ => false });

// The own registration. eng/quickstart.sh reads the instance id from it.
app.MapGet("/", (IServiceRegistry registry) => registry.Registrations is [var self, ..]
    ? Results.Ok(new { self.InstanceId, Service = self.ServiceName, State = self.State.ToString() })
    : Results.NotFound());

app.MapGet("/items/{id:int}", async (int id, IServiceRegistry registry) =>
{
    await Task.Delay(timeToLookUp);
    return new { id, name = $"Item {id}", from = registry.Registrations is [var self, ..] ? self.InstanceId : null };
});

app.Run();
