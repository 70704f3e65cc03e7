using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Runs the readiness checks of the application.</summary>
internal sealed class ReadinessChecks(
    HealthCheckService health, IOptions<HealthCheckServiceOptions> checks, IServiceScopeFactory scopes, IOptions<ReadinessOptions> options)
{
    // Excludes the check of service discovery, because registration must not depend on itself. The check may have any name.
    private readonly Lazy<HashSet<string>> _own = new(() =>
    {
        using var scope = scopes.CreateScope();
        return checks.Value.Registrations
            .Where(check => check.Tags.Contains(options.Value.Tag))
            .Where(check => !IsOurs(check, scope.ServiceProvider))
            .Select(check => check.Name)
            .ToHashSet(StringComparer.Ordinal);
    });

    // A check that cannot be created belongs to the application: it counts, and is unhealthy until it can be created.
    private static bool IsOurs(HealthCheckRegistration check, IServiceProvider services)
    {
        try
        {
            return check.Factory(services).GetType().Assembly == typeof(IServiceResolver).Assembly;
        }
        catch (Exception)
        {
            return false;
        }
    }

    public bool Any => _own.Value.Count > 0;

    /// <summary>Returns the names of the unhealthy checks. If a check cannot be created, returns the type of the exception.</summary>
    public async Task<IReadOnlyList<string>> FindFailingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var report = await health.CheckHealthAsync(check => _own.Value.Contains(check.Name), cancellationToken).ConfigureAwait(false);
            return [.. report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => entry.Key)];
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Omits the message, which may contain confidential data.
            return [error.GetType().Name];
        }
    }
}
