namespace Worker;

/// <summary>Calls the catalog every few seconds, until the host stops.</summary>
internal sealed partial class CatalogPoller(IHttpClientFactory clients, IConfiguration configuration, ILogger<CatalogPoller> logger)
    : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(configuration.GetValue("Worker:Period", TimeSpan.FromSeconds(5)));
        do
        {
            try
            {
                // Each call may go to another instance.
                Log.Received(logger, await clients.CreateClient("catalog").GetStringAsync("/items/1", stoppingToken));
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                // An exception that leaves this method would stop the host, although the next call may succeed.
                Log.Failed(logger, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "The catalog responded: {Item}", EventName = "Received")]
        public static partial void Received(ILogger logger, string item);

        [LoggerMessage(2, LogLevel.Warning, "The catalog could not be called", EventName = "Failed")]
        public static partial void Failed(ILogger logger, Exception error);
    }
}
