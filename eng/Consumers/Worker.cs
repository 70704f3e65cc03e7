using Consumer.Library;

namespace Consumer.Worker;

/// <summary>Replaces the worker of <c>dotnet new worker</c>: resolves and calls the web application, then stops.</summary>
public sealed class Worker(ServiceAddresses addresses, IHttpClientFactory clients, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        Console.WriteLine($"Resolved: {await addresses.FindAsync("my-service", stoppingToken)}");
        using var client = clients.CreateClient("my-service");
        Console.WriteLine($"Called: {await client.GetStringAsync("/healthz", stoppingToken)}");
        lifetime.StopApplication();
    }
}
