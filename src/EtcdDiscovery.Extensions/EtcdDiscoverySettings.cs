namespace EtcdDiscovery;

/// <summary>
/// What <c>AddEtcdDiscovery("etcd")</c> on a host builder adds to the application besides service discovery itself. Configuration section
/// <c>EtcdDiscovery</c>.
/// </summary>
public sealed class EtcdDiscoverySettings
{
    /// <summary>
    /// Whether the health check of service discovery is left out. A check that the application adds by
    /// <c>AddHealthChecks().AddEtcdDiscovery()</c> is not affected, and replaces this one.
    /// </summary>
    /// <value>The default is <see langword="false"/>.</value>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Whether the activity source of service discovery is left out of the application's OpenTelemetry tracing.</summary>
    /// <value>The default is <see langword="false"/>. Without OpenTelemetry, nothing is traced.</value>
    public bool DisableTracing { get; set; }

    /// <summary>Whether the meter of service discovery is left out of the application's OpenTelemetry metrics.</summary>
    /// <value>The default is <see langword="false"/>. Without OpenTelemetry, nothing is measured.</value>
    public bool DisableMetrics { get; set; }
}
