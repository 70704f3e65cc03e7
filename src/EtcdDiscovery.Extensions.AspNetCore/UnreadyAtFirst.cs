using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Registers configured services in maintenance at first, because the readiness checks have not run yet.</summary>
/// <remarks>Creates no checks, because a check may depend on the options that are being created.</remarks>
internal sealed class UnreadyAtFirst(IOptions<HealthCheckServiceOptions> checks, IOptions<ReadinessOptions> options)
    : IPostConfigureOptions<EtcdDiscoveryOptions>, IPostConfigureOptions<ServiceRegistrationOptions>
{
    private readonly ConcurrentDictionary<string, bool> _services = new(StringComparer.Ordinal);

    /// <summary>Whether this class, rather than the application, has set the initial status of a service to maintenance.</summary>
    public bool Concerns(string service) => _services.ContainsKey(service);

    public void PostConfigure(string? name, EtcdDiscoveryOptions options) => PostConfigure(name, options.Service);

    public void PostConfigure(string? name, ServiceRegistrationOptions service)
    {
        if (service is { Name: not null, InitialStatus: ServiceStatus.Serving }
            && checks.Value.Registrations.Any(check => check.Tags.Contains(options.Value.Tag)))
        {
            service.InitialStatus = ServiceStatus.Maintenance;
            _services[service.Name] = true;
        }
    }
}
