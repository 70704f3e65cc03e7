using System.Collections.Concurrent;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Has configured services registered in maintenance at first: nothing is known of the readiness checks by then.</summary>
/// <remarks>It makes no check: a check may need the very options that are being made.</remarks>
internal sealed class UnreadyAtFirst(IOptions<HealthCheckServiceOptions> checks, IOptions<ReadinessOptions> options)
    : IPostConfigureOptions<EtcdDiscoveryOptions>, IPostConfigureOptions<ServiceRegistrationOptions>
{
    private readonly ConcurrentDictionary<string, bool> _services = new(StringComparer.Ordinal);

    /// <summary>Whether a service is in maintenance at first because of this, and not of the application.</summary>
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
