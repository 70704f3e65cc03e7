using EtcdDiscovery.Primitives;

namespace EtcdDiscovery;

/// <summary>Settings of <c>RegisterWhenHealthy()</c>. Configuration section <c>EtcdDiscovery:Readiness</c>.</summary>
public sealed class ReadinessOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery:Readiness</c>.</summary>
    public const string SectionName = $"{EtcdDiscoveryOptions.SectionName}:Readiness";

    /// <summary>The tag of the health checks that determine readiness. The check of service discovery itself never counts.</summary>
    /// <value>The default is <c>ready</c>.</value>
    public string Tag { get; set; } = "ready";

    /// <summary>The time between two runs of the checks.</summary>
    /// <value>The default is 2 seconds. From 0.1 seconds to 5 minutes.</value>
    public TimeSpan Period { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The number of consecutive failures after which the services are set to maintenance.</summary>
    /// <value>The default is 2. At least 1.</value>
    public int FailuresToLeave { get; set; } = 2;

    /// <summary>The number of consecutive successes after which the services take requests again. At the start, one is enough.</summary>
    /// <value>The default is 2. At least 1.</value>
    public int SuccessesToReturn { get; set; } = 2;

    /// <summary>Configuration values that the binder could not convert; validation reports them.</summary>
    internal IReadOnlyList<MalformedSetting> Malformed { get; set; } = [];
}
