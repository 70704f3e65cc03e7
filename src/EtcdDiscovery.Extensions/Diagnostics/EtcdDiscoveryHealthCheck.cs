using System.Globalization;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Reports, from memory only, whether this process is registered and how current its snapshots are.</summary>
internal sealed class EtcdDiscoveryHealthCheck(
    IDiscoveryStore store, SessionLoop loop, ServiceCatalog catalog, IOptions<EtcdDiscoveryOptions> options) : IHealthCheck
{
    public const string DefaultName = "etcd-discovery";

    private const int MaxListedServices = 1_000;

    private static readonly string[] DefaultTags = ["ready"];

    private static readonly Func<IServiceProvider, IHealthCheck> Create = ActivatorUtilities.GetServiceOrCreateInstance<EtcdDiscoveryHealthCheck>;

    /// <summary>Describes this check to the health checks of the application.</summary>
    public static HealthCheckRegistration Registration(
        string name = DefaultName, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null, TimeSpan? timeout = null) =>
        new(name, Create, failureStatus, tags ?? DefaultTags, timeout);

    /// <summary>Whether a registration, under any name, is one of this check.</summary>
    public static bool IsCreatedBy(HealthCheckRegistration registration) => registration.Factory == Create;

    // A registration that is being withdrawn does not affect health, even if etcd does not answer.
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
            ["watchedServices"] = catalog.Services.Where(IsListed).Take(MaxListedServices)
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

    private string WithoutFindings() => !options.Value.Enabled ? $"Disabled: {EtcdDiscoveryOptions.SectionName}:{nameof(EtcdDiscoveryOptions.Enabled)} is false."
        : loop.Session.Ending.IsCancellationRequested ? "Withdrawn: the application is stopping."
        : Registrations.Count > 0 ? "Registered."
        : "Nothing to register.";

    // What has worked before still works for callers while etcd is unreachable, so a failure only degrades health.
    private IEnumerable<(HealthStatus Health, string Description)> Findings(SessionState state)
    {
        foreach (var registration in Registrations)
        {
            var reason = AddAdvice(registration.Failure ?? state.Failure ?? "no answer from etcd yet", loop.HasRegistered);
            if (!registration.IsStored)
            {
                var since = registration.State == RegistrationState.Lost ? "no longer registered" : "not registered yet";
                yield return (HealthOf(!loop.HasRegistered), $"Service '{LogSanitizer.Sanitize(registration.ServiceName)}' is {since}: {reason}");
            }
            else if (registration.Failure is not null)
            {
                yield return (HealthStatus.Degraded, $"A change to service '{LogSanitizer.Sanitize(registration.ServiceName)}' is not in etcd yet: {reason}");
            }
            else if (state.Phase == SessionPhase.Late)
            {
                yield return (HealthStatus.Degraded, $"The registration was last renewed {Seconds(loop.Session.Age)} ago: {reason}");
            }
        }

        // Queried names may come from untrusted callers and match no service. So existing services come first, and a process that has ever
        // registered a service or read one remains available.
        var hasNeverWorked = !loop.HasRegistered && !catalog.HasRead;
        foreach (var service in catalog.Services.OrderBy(service => !service.Exists))
        {
            if (service.OutageReason is { } outage)
            {
                var reason = AddAdvice(outage, !hasNeverWorked);
                yield return !service.View.IsKnown
                    ? (HealthOf(hasNeverWorked), $"Service '{LogSanitizer.Sanitize(service.Name)}' could not be read yet: {reason}")
                    : (HealthStatus.Degraded, $"Service '{LogSanitizer.Sanitize(service.Name)}' is resolved from a snapshot that is {Seconds(service.Age)} old: {reason}");
            }
        }
    }

    private static HealthStatus HealthOf(bool hasNeverWorked) => hasNeverWorked ? HealthStatus.Unhealthy : HealthStatus.Degraded;

    // A reason that names a setting already says what to change.
    private static string AddAdvice(string reason, bool hasWorked) => reason.Contains($"{EtcdDiscoveryOptions.SectionName}:", StringComparison.Ordinal)
        ? reason
        : $"{reason.TrimEnd('.')}. Contact the operators of etcd{(hasWorked ? "" : $", unless {EtcdDiscoveryOptions.SectionName}:Etcd:Endpoints is wrong")}.";

    // Names may come from untrusted callers, so nonexistent services are not listed.
    private static bool IsListed(ServiceWatcher service) => service.Exists || service.HasReaders || service.OutageReason is not null;

    private static string Describe(ServiceWatcher service)
    {
        if (service.View is not { IsKnown: true } view)
        {
            return "being read";
        }

        var age = service.OutageReason is null ? "" : $" for {Seconds(service.Age)}";
        var state = view.Freshness.Source.ToString().ToLowerInvariant();
        var instances = string.Create(CultureInfo.InvariantCulture, $"{state}{age}, {view.Instances.Count} instances");
        return service.UnreadableEntries == 0
            ? instances
            : string.Create(CultureInfo.InvariantCulture, $"{instances}, {service.UnreadableEntries} unreadable entries");
    }

    private static string Seconds(TimeSpan time) =>
        string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds:0.0} s");
}
