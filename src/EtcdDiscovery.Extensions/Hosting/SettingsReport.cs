using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

/// <summary>Tells at start which settings are read by nobody.</summary>
internal sealed partial class SettingsReport(UnknownSettings unknown, GoEnvironment environment, ILogger<SettingsReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (setting, known) in unknown.Find())
        {
            Log.UnknownSetting(logger, setting, known);
        }

        if (environment.FindMissingForTls() is { Count: > 0 } missing)
        {
            Log.IncompleteTls(logger, string.Join(", ", missing));
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
