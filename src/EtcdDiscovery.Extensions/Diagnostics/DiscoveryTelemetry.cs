using System.Diagnostics;
using System.Diagnostics.Metrics;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Diagnostics;

/// <summary>The names to give to OpenTelemetry's <c>AddMeter</c> and <c>AddSource</c>.</summary>
public static class DiscoveryTelemetry
{
    /// <summary>The name of the <see cref="Meter"/>.</summary>
    public const string MeterName = Telemetry.Name;

    /// <summary>The name of the <see cref="ActivitySource"/>.</summary>
    public const string ActivitySourceName = Telemetry.Name;
}
