using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace EtcdDiscovery.Hosting;

/// <summary>Adds the health check, the activity source and the meter, each unless <see cref="EtcdDiscoverySettings"/> disables it.</summary>
/// <remarks>The settings are read when the host starts, so configuration and delegates that are added later apply, too.</remarks>
internal static class Observability
{
    public static void Add(IServiceCollection services)
    {
        // Validation of EtcdDiscoveryOptions reports malformed values.
        services.AddOptions<EtcdDiscoverySettings>().Configure<IConfiguration>((settings, configuration) =>
        {
            var section = configuration.GetSection(EtcdDiscoveryOptions.SectionName);
            MalformedSettings.Without(section, MalformedSettings.Find<EtcdDiscoverySettings>(section)).Bind(settings);
        });

        services.AddHealthChecks();
        // Runs after the checks that the application adds, so that their name, tags and failure status apply.
        services.AddOptions<HealthCheckServiceOptions>().PostConfigure<IOptions<EtcdDiscoverySettings>>((checks, settings) =>
        {
            if (!settings.Value.DisableHealthChecks && !checks.Registrations.Any(EtcdDiscoveryHealthCheck.IsCreatedBy))
            {
                checks.Registrations.Add(EtcdDiscoveryHealthCheck.Registration());
            }
        });

        services.ConfigureOpenTelemetryTracerProvider((provider, tracing) =>
        {
            if (!SettingsOf(provider).DisableTracing)
            {
                tracing.AddSource(DiscoveryTelemetry.ActivitySourceName);
            }
        });
        services.ConfigureOpenTelemetryMeterProvider((provider, metrics) =>
        {
            if (!SettingsOf(provider).DisableMetrics)
            {
                metrics.AddMeter(DiscoveryTelemetry.MeterName);
            }
        });
    }

    private static EtcdDiscoverySettings SettingsOf(IServiceProvider provider) =>
        provider.GetRequiredService<IOptions<EtcdDiscoverySettings>>().Value;
}
