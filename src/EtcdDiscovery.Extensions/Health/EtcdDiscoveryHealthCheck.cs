using System.Globalization;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace EtcdDiscovery.Health;

/// <summary>Tells from memory, without asking etcd, whether this host is registered and how current its knowledge is.</summary>
internal sealed class EtcdDiscoveryHealthCheck(
    IDiscoveryStore store, SessionLoop session, ServiceCatalog catalog) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var state = session.State;
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["endpoints"] = store.Endpoints,
            ["registrations"] = session.Registrations.ToDictionary(
                registration => registration.InstanceId,
                registration => $"{registration.ServiceName}: {registration.State}",
                StringComparer.Ordinal),
            ["watchedServices"] = catalog.Services.ToDictionary(service => service.Name, Describe, StringComparer.Ordinal),
        };
        if (session.Registrations is [var first, ..])
        {
            data["state"] = first.State.ToString();
            data["instanceId"] = first.InstanceId;
        }

        if (state.IsAlive)
        {
            data["leaseAge"] = Math.Round(session.Age.TotalSeconds, 1);
            data["leaseTimeToLive"] = state.TimeToLive.TotalSeconds;
        }

        var (health, description) = Judge(state);
        return Task.FromResult(new HealthCheckResult(
            health == HealthStatus.Unhealthy ? context.Registration.FailureStatus : health, description, null, data));
    }

    private (HealthStatus Health, string Description) Judge(SessionState state)
    {
        var missing = session.Registrations.FirstOrDefault(registration => !registration.IsStored);
        if (missing is not null)
        {
            var reason = missing.Failure ?? state.Failure ?? "no answer from the store yet";
            return (HealthStatus.Unhealthy, $"Service '{missing.ServiceName}' is not registered: {reason}");
        }

        var unread = catalog.Services.FirstOrDefault(service => service is { Current: null, OutageReason: not null });
        if (unread is not null)
        {
            return (HealthStatus.Unhealthy, $"Service '{unread.Name}' could not be read yet: {unread.OutageReason}");
        }

        if (state.Phase == SessionPhase.Late)
        {
            return (HealthStatus.Degraded, $"The registration was last renewed {Seconds(session.Age)} ago: {state.Failure}");
        }

        var stale = catalog.Services.FirstOrDefault(service => service.OutageReason is not null);
        return stale is not null
            ? (HealthStatus.Degraded, $"Service '{stale.Name}' is served from what was known {Seconds(stale.Freshness.Age)} ago: {stale.OutageReason}")
            : (HealthStatus.Healthy, session.Registrations.Count > 0 ? "Registered." : "Nothing to register.");
    }

    private static string Describe(WatchedService service)
    {
        if (service.Current is not { } current)
        {
            return "being read";
        }

        var age = service.OutageReason is null ? "" : $" for {Seconds(service.Freshness.Age)}";
        var state = service.Freshness.Source.ToString().ToLowerInvariant();
        var instances = string.Create(CultureInfo.InvariantCulture, $"{state}{age}, {current.Instances.Length} instances");
        return service.UnreadableEntries == 0
            ? instances
            : string.Create(CultureInfo.InvariantCulture, $"{instances}, {service.UnreadableEntries} unreadable entries");
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
