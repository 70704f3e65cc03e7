using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Tells from memory, without asking etcd, whether this host is registered and how current its knowledge is.</summary>
internal sealed class EtcdDiscoveryHealthCheck(
    IDiscoveryStore store, SessionLoop loop, ServiceCatalog catalog, IOptions<EtcdDiscoveryOptions> options) : IHealthCheck
{
    private const int MaxTold = 1_000;

    // One that is being withdrawn is no finding, even if etcd does not answer: nothing is expected of it any more.
    private List<ServiceRegistration> Registrations => [.. loop.Registrations.Where(registration => !registration.WithdrawalRequested)];

    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var state = loop.Session.State;
        var registrations = Registrations;
        var data = new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["endpoints"] = store.Endpoints,
            ["registrations"] = registrations.ToDictionary(
                registration => registration.InstanceId,
                registration => $"{LogSanitizer.Sanitize(registration.ServiceName)}: {registration.State}",
                StringComparer.Ordinal),
            ["watchedServices"] = catalog.Services.Where(IsWorthTelling).Take(MaxTold)
                .ToDictionary(service => service.Name, Describe, StringComparer.Ordinal),
        };
        if (registrations is [var first, ..])
        {
            data["state"] = first.State.ToString();
            data["instanceId"] = first.InstanceId;
        }

        if (state.IsAlive)
        {
            data["leaseAge"] = Math.Round(loop.Session.Age.TotalSeconds, 1);
            data["leaseTimeToLive"] = state.TimeToLive.TotalSeconds;
        }

        var (health, description) = Findings(state)
            .DefaultIfEmpty((Health: HealthStatus.Healthy, Description: WithoutFindings()))
            .MinBy(finding => finding.Health);
        return Task.FromResult(new HealthCheckResult(
            health == HealthStatus.Unhealthy ? context.Registration.FailureStatus : health, LogSanitizer.SanitizeMessage(description), null, data));
    }

    private string WithoutFindings() => !options.Value.Enabled ? $"Off: {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false."
        : loop.Session.Ending.IsCancellationRequested ? "Withdrawn: the application is stopping."
        : Registrations.Count > 0 ? "Registered."
        : "Nothing to register.";

    // What has worked goes on without etcd, as far as this host's callers can tell; what has never worked does not.
    private IEnumerable<(HealthStatus Health, string Description)> Findings(SessionState state)
    {
        foreach (var registration in Registrations)
        {
            var reason = NameActor(registration.Failure ?? state.Failure ?? "no answer from etcd yet", loop.HasRegistered);
            if (!registration.IsStored)
            {
                var since = registration.State == RegistrationState.Lost ? "not registered any more" : "not registered yet";
                yield return (AtFirst(!loop.HasRegistered), $"Service '{LogSanitizer.Sanitize(registration.ServiceName)}' is {since}: {reason}");
            }
            else if (registration.Failure is not null)
            {
                yield return (HealthStatus.Degraded, $"A change of service '{LogSanitizer.Sanitize(registration.ServiceName)}' is not in etcd yet: {reason}");
            }
            else if (state.Phase == SessionPhase.Late)
            {
                yield return (HealthStatus.Degraded, $"The registration was last renewed {Seconds(loop.Session.Age)} ago: {reason}");
            }
        }

        // Services that exist first: what else was asked for may be a name that no service has.
        foreach (var service in catalog.Services.OrderBy(service => !service.Exists))
        {
            if (service.OutageReason is { } outage)
            {
                var reason = NameActor(outage, catalog.HasRead);
                yield return !service.View.IsKnown
                    ? (AtFirst(!catalog.HasRead), $"Service '{LogSanitizer.Sanitize(service.Name)}' could not be read yet: {reason}")
                    : (HealthStatus.Degraded, $"Service '{LogSanitizer.Sanitize(service.Name)}' is served from what was known {Seconds(service.Age)} ago: {reason}");
            }
        }
    }

    private static HealthStatus AtFirst(bool hasNeverWorked) => hasNeverWorked ? HealthStatus.Unhealthy : HealthStatus.Degraded;

    // A reason that names a setting says already what has to be changed, and by that where.
    private static string NameActor(string reason, bool hasWorked) => reason.Contains($"{EtcdDiscoveryOptions.SectionName}:", StringComparison.Ordinal)
        ? reason
        : $"{reason.TrimEnd('.')}. The operators of etcd have to act{(hasWorked ? "" : $", unless {EtcdDiscoveryOptions.SectionName}:Etcd:Endpoints is wrong")}.";

    // Strangers may choose names.
    private static bool IsWorthTelling(ServiceWatcher service) => service.Exists || service.HasReaders || service.OutageReason is not null;

    private static string Describe(ServiceWatcher service)
    {
        if (service.View is not { IsKnown: true } view)
        {
            return "being read";
        }

        var age = service.OutageReason is null ? "" : $" for {Seconds(service.Age)}";
        var state = view.Freshness.Source.ToString().ToLowerInvariant();
        var instances = string.Create(CultureInfo.InvariantCulture, $"{state}{age}, {view.Instances.Length} instances");
        return service.UnreadableEntries == 0
            ? instances
            : string.Create(CultureInfo.InvariantCulture, $"{instances}, {service.UnreadableEntries} unreadable entries");
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
