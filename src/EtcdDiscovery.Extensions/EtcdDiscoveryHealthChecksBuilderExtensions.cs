using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health check of service discovery.</summary>
public static class EtcdDiscoveryHealthChecksBuilderExtensions
{
    private static readonly string[] DefaultTags = ["ready"];

    /// <summary>
    /// Adds a check that is unhealthy until this process has registered, and has read a service if it asked for any. From then on it
    /// is degraded while etcd is away or refuses something, and healthy otherwise.
    /// </summary>
    /// <remarks>
    /// Use it for readiness, never for liveness: a restart does not bring etcd back. It reads state from memory, asks etcd nothing and
    /// takes no time. Its data contains no secret. Its description names the party that has to act.
    /// </remarks>
    /// <param name="builder">The health checks to add to. Service discovery is added to its services when it is not there yet.</param>
    /// <param name="name">The check's name; by default <c>etcd-discovery</c>.</param>
    /// <param name="failureStatus">What to report in place of unhealthy; by default unhealthy.</param>
    /// <param name="tags">The check's tags; by default <c>ready</c>.</param>
    /// <param name="timeout">The check's time limit; by default none.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddEtcdDiscovery(
        this IHealthChecksBuilder builder,
        string name = "etcd-discovery",
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddEtcdDiscovery();
        return builder.Add(new HealthCheckRegistration(
            name,
            provider => ActivatorUtilities.GetServiceOrCreateInstance<EtcdDiscoveryHealthCheck>(provider),
            failureStatus,
            tags ?? DefaultTags,
            timeout));
    }
}
