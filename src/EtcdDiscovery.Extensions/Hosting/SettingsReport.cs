using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Hosting;

/// <summary>Tells at start which settings are read by nobody.</summary>
internal sealed partial class SettingsReport(UnknownSettings unknown, ILogger<SettingsReport> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var (setting, known) in unknown.Find())
        {
            Log.UnknownSetting(logger, setting, known);
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
