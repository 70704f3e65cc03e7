using EtcdDiscovery;

// Registers itself, finds itself, calls itself and leaves.
var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.Services.AddEtcdDiscovery(options => options.Service.Name = "consumer").UseServerAddresses().RegisterWhenHealthy();
builder.Services.AddHealthChecks().AddEtcdDiscovery();
builder.Services.AddHttpClient("consumer", client => client.BaseAddress = new Uri("http://consumer")).AddEtcdDiscovery();

var app = builder.Build();
app.MapHealthChecks("/healthz");
app.MapGet("/hello", () => "Hello from the service.");

using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
await app.StartAsync(patience.Token);

var registration = app.Services.GetRequiredService<IServiceRegistry>().Registrations.Single();
await registration.WaitUntilRegisteredAsync(patience.Token);
Console.WriteLine($"Registered: {registration.InstanceId}");

// Until its own watch shows that its readiness checks have passed, there is nobody to pick.
var resolver = app.Services.GetRequiredService<IServiceResolver>();
await foreach (var update in resolver.WatchAsync("consumer", patience.Token))
{
    if (update.Snapshot.Instances.Any(instance => instance.Status == ServiceStatus.Serving))
    {
        break;
    }
}

Console.WriteLine($"Resolved: {(await resolver.GetInstanceAsync("consumer", cancellationToken: patience.Token)).Id}");

using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("consumer");
Console.WriteLine($"Called: {await client.GetStringAsync("/hello", patience.Token)}");
Console.WriteLine($"Health: {await client.GetStringAsync("/healthz", patience.Token)}");

await app.StopAsync(patience.Token);
Console.WriteLine("Left.");
