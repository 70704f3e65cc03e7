using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>The application's own readiness checks.</summary>
internal sealed class ReadinessChecks(
    HealthCheckService health, IOptions<HealthCheckServiceOptions> checks, IServiceScopeFactory scopes, IOptions<ReadinessOptions> options)
{
    // Whether a host is registered must not decide whether it registers as ready; and this check may have any name.
    private readonly Lazy<HashSet<string>> _own = new(() =>
    {
        using var scope = scopes.CreateScope();
        return checks.Value.Registrations
            .Where(check => check.Tags.Contains(options.Value.Tag))
            .Where(check => !IsOurs(check, scope.ServiceProvider))
            .Select(check => check.Name)
            .ToHashSet(StringComparer.Ordinal);
    });

    // One that cannot be made is the application's: it counts, and is unhealthy until it can.
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

    /// <summary>The names of those that are unhealthy now; of one that cannot even be made, what kind of exception says so.</summary>
    public async Task<IReadOnlyList<string>> FindFailingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var report = await health.CheckHealthAsync(check => _own.Value.Contains(check.Name), cancellationToken).ConfigureAwait(false);
            return [.. report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => entry.Key)];
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Its message may hold what others should not read.
            return [error.GetType().Name];
        }
    }
}
