using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Runs the readiness checks of the application.</summary>
internal sealed class ReadinessChecks(
    HealthCheckService health, IOptions<HealthCheckServiceOptions> checks, IServiceScopeFactory scopes, IOptions<ReadinessOptions> options)
{
    // The names of the checks to run. The check of service discovery is excluded, because registration must not depend on itself. It is
    // recognized by its type, because it can be registered under any name.
    private readonly Lazy<HashSet<string>> _included = new(() =>
    {
        using var scope = scopes.CreateScope();
        return checks.Value.Registrations
            .Where(check => check.Tags.Contains(options.Value.Tag))
            .Where(check => !IsDiscoveryCheck(check, scope.ServiceProvider))
            .Select(check => check.Name)
            .ToHashSet(StringComparer.Ordinal);
    });

    // A check that cannot be created is treated as one of the application's: it is included, and counts as unhealthy until it can be
    // created.
    private static bool IsDiscoveryCheck(HealthCheckRegistration check, IServiceProvider services)
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

    public bool Any => _included.Value.Count > 0;

    /// <summary>Returns the names of the unhealthy checks or, if the checks cannot be run, the name of the exception's type.</summary>
    public async Task<IReadOnlyList<string>> FindFailingAsync(CancellationToken cancellationToken)
    {
        try
        {
            var report = await health.CheckHealthAsync(check => _included.Value.Contains(check.Name), cancellationToken).ConfigureAwait(false);
            return [.. report.Entries.Where(entry => entry.Value.Status == HealthStatus.Unhealthy).Select(entry => entry.Key)];
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            // Omits the message, which may contain confidential data.
            return [error.GetType().Name];
        }
    }
}
