using EtcdDiscovery;

var builder = WebApplication.CreateBuilder(args);

// Registers this instance as the service in appsettings.json while its server accepts requests.
builder.Services.AddEtcdDiscovery().UseServerAddresses();
builder.Services.AddHealthChecks().AddEtcdDiscovery();

// Resolves the host name of the URL to an instance of the service.
builder.Services.AddHttpClient("greeter", client => client.BaseAddress = new Uri("http://greeter")).AddEtcdDiscovery();

var app = builder.Build();

app.MapHealthChecks("/healthz");

app.MapGet("/greeting", () => $"Hello from process {Environment.ProcessId}.");

// The greeting of any instance, which may be this one.
app.MapGet("/", (IHttpClientFactory clients, CancellationToken cancellationToken) =>
    clients.CreateClient("greeter").GetStringAsync("/greeting", cancellationToken));

app.MapGet("/instances", async (IServiceResolver resolver, CancellationToken cancellationToken) =>
    (await resolver.GetInstancesAsync("greeter", cancellationToken: cancellationToken))
        .Select(instance => new { instance.Id, instance.Hostname, instance.Ports }));

app.Run();
