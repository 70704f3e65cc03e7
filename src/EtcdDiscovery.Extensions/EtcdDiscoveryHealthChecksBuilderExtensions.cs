using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health check of service discovery.</summary>
public static class EtcdDiscoveryHealthChecksBuilderExtensions
{
    /// <summary>
    /// Adds a check that is unhealthy until this process has registered its services, or, if it registers none, until it has read one of
    /// the services that it queries. After that, the check is degraded while etcd is unreachable or refuses a request, and healthy
    /// otherwise.
    /// </summary>
    /// <remarks>
    /// Use it for readiness, never for liveness: restarting the application does not bring etcd back. The check reads memory only and sends
    /// no request to etcd. Its description says what to change, and whether etcd's operators have to do it. Its data contains no secrets.
    /// Adding it twice under the same name is harmless.
    /// </remarks>
    /// <param name="builder">The health checks to add to. Service discovery is added to its services if it has not been added yet.</param>
    /// <param name="name">The check's name; by default <c>etcd-discovery</c>.</param>
    /// <param name="failureStatus">The status to report instead of unhealthy; by default unhealthy.</param>
    /// <param name="tags">The check's tags; by default <c>ready</c>.</param>
    /// <param name="timeout">The check's time limit; by default none.</param>
    /// <returns>The health checks.</returns>
    public static IHealthChecksBuilder AddEtcdDiscovery(
        this IHealthChecksBuilder builder,
        string name = EtcdDiscoveryHealthCheck.DefaultName,
        HealthStatus? failureStatus = null,
        IEnumerable<string>? tags = null,
        TimeSpan? timeout = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddEtcdDiscovery();
        builder.Services.Configure<HealthCheckServiceOptions>(options =>
        {
            if (!options.Registrations.Any(added => added.Name == name && EtcdDiscoveryHealthCheck.IsCreatedBy(added)))
            {
                options.Registrations.Add(EtcdDiscoveryHealthCheck.Registration(name, failureStatus, tags, timeout));
            }
        });
        return builder;
    }
}
