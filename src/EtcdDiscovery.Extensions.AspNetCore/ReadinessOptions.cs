using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>
/// When <c>RegisterWhenHealthy()</c> takes the host out of the resolvers' choice. Configuration section
/// <c>EtcdDiscovery:Readiness</c>.
/// </summary>
public sealed class ReadinessOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery:Readiness</c>.</summary>
    public const string SectionName = $"{EtcdDiscoveryOptions.SectionName}:Readiness";

    /// <summary>The tag of the health checks that count. The check of service discovery itself never does.</summary>
    /// <value>The default is <c>ready</c>.</value>
    public string Tag { get; set; } = "ready";

    /// <summary>How long to wait from one look at the checks to the next.</summary>
    /// <value>The default is 2 seconds. From 0.1 seconds to 5 minutes.</value>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>After how many failures one after another the host is taken out.</summary>
    /// <value>The default is 2. At least 1.</value>
    public int FailuresToLeave { get; set; } = 2;

    /// <summary>After how many successes one after another it comes back. When it starts, one is enough.</summary>
    /// <value>The default is 2. At least 1.</value>
    public int SuccessesToReturn { get; set; } = 2;

    /// <summary>Values of the configuration that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
