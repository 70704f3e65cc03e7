using EtcdDiscovery.Health;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health check of service discovery.</summary>
public static class EtcdDiscoveryHealthChecksBuilderExtensions
{
    private static readonly string[] DefaultTags = ["ready"];

    /// <summary>
    /// Adds a check that is healthy when the host is registered and etcd answers, degraded while a renewal is overdue or
    /// a service is served from a stale snapshot, and unhealthy while the host is not registered.
    /// </summary>
    /// <remarks>It reads state from memory: it asks etcd nothing and takes no time. Its data contains no secret.</remarks>
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
