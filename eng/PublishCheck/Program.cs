using EtcdDiscovery;

// An application that registers, resolves itself, calls itself and withdraws. eng/publish-check.sh publishes and runs it.
var builder = WebApplication.CreateSlimBuilder(args);
builder.WebHost.UseUrls("http://127.0.0.1:0");
builder.AddEtcdDiscovery("etcd", configureOptions: options => options.Service.Name = "consumer").UseServerAddresses().RegisterWhenHealthy();
builder.Services.AddHttpClient("consumer", client => client.BaseAddress = new Uri("http://consumer")).AddEtcdDiscovery();

var app = builder.Build();
app.MapHealthChecks("/healthz");
app.MapGet("/hello", () => "Hello from the service.");

using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(30));
await app.StartAsync(timeout.Token);

var registration = app.Services.GetRequiredService<IServiceRegistry>().Registrations.Single();
await registration.WaitUntilRegisteredAsync(timeout.Token);
Console.WriteLine($"Registered: {registration.InstanceId}");

// The instance takes no requests until its readiness checks have passed.
var resolver = app.Services.GetRequiredService<IServiceResolver>();
await foreach (var update in resolver.WatchAsync("consumer", timeout.Token))
{
    if (update.Snapshot.Instances.Any(instance => instance.Status == ServiceStatus.Serving))
    {
        break;
    }
}

Console.WriteLine($"Resolved: {(await resolver.GetInstanceAsync("consumer", cancellationToken: timeout.Token)).Id}");

using var client = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("consumer");
Console.WriteLine($"Called: {await client.GetStringAsync("/hello", timeout.Token)}");
Console.WriteLine($"Health: {await client.GetStringAsync("/healthz", timeout.Token)}");

await app.StopAsync(timeout.Token);
Console.WriteLine("Left.");
