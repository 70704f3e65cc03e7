using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Resolution;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Provides diagnostics from the in-memory state of registration and resolution.</summary>
internal sealed class DiscoveryDiagnostics(
    ServiceCatalog catalog, ProcessSession session, Timeline timeline, EtcdDiscoveryOptions options) : IDiscoveryDiagnostics
{
    public LeaseInfo? Lease => session.State is { IsAlive: true } state ? new() { TimeToLive = state.TimeToLive, Age = session.Age, Failure = state.Failure } : null;

    public IReadOnlyList<ServiceSnapshot> GetSnapshots() => [.. catalog.Services
        .Where(service => service.View.Exists)
        .OrderBy(service => service.Name, Utf8Order.Instance)
        .Select(service => service.Expose(service.View))];

    public IReadOnlyList<InstanceEjection> GetEjections() => [.. catalog.Services.SelectMany(service => service.Ejections)
        .Select(ejection => new InstanceEjection { Instance = ejection.Instance, EndsAt = ejection.EndsAt })];

    public IReadOnlyList<DiscoveryEvent> GetTimeline() => timeline.Events;

    public async ValueTask<ServiceExplanation> ExplainAsync(
        string service, ServiceQuery query, CancellationToken cancellationToken)
    {
        if (!options.Enabled)
        {
            throw DisabledServiceResolver.NotFound(service);
        }

        var view = await catalog.GetViewAsync(service, default, out var watched, cancellationToken).ConfigureAwait(false);
        var ejections = watched.Ejections.ToDictionary(ejection => ejection.Instance.Id, ejection => ejection.EndsAt, StringComparer.Ordinal);
        var selected = (watched.PicksOf(view).Select(query, options.PreferredZone) ?? Enumerable.Empty<ServiceInstance>())
            .Select(instance => instance.Id).ToHashSet(StringComparer.Ordinal);
        return new() { Snapshot = watched.Expose(view), Instances = [.. view.Instances.Select(Explain)] };

        InstanceExplanation Explain(ServiceInstance instance)
        {
            var exclusions = ExclusionsOf(instance);
            DateTimeOffset? ejectedUntil = ejections.TryGetValue(instance.Id, out var end) ? end : null;
            return new()
            {
                Instance = instance,
                Exclusions = exclusions,
                Reasons = ExclusionReasons.Of(exclusions, instance, query, ejectedUntil),
                EjectedUntil = ejectedUntil,
                IsSuspect = view.Suspects.Contains(instance.Id),
                OutstandingCalls = watched.CountOutstanding(instance.Id),
            };
        }

        // The pick sets decide whether an instance is left out. The reasons are all exclusions that apply to it. A preference excludes
        // nothing while no instance is selected.
        InstanceExclusions ExclusionsOf(ServiceInstance instance) => selected.Contains(instance.Id) ? InstanceExclusions.None
            : When(!query.HasPort(instance), InstanceExclusions.Port)
                | When(instance.Status != ServiceStatus.Serving, InstanceExclusions.Status)
                | When(query.Shard is { } shard && instance.Shard != shard, InstanceExclusions.Shard)
                | When(query.Excluding?.Contains(instance.Id) == true, InstanceExclusions.Excluded)
                | When(ejections.ContainsKey(instance.Id), InstanceExclusions.Ejected)
                | When(selected.Count > 0 && query.PreferredShard is { } preferred && instance.Shard != preferred, InstanceExclusions.PreferredShard)
                | When(selected.Count > 0 && (query.PreferredZone ?? options.PreferredZone) is { Length: > 0 } zone && instance.Zone != zone, InstanceExclusions.PreferredZone);
    }

    private static InstanceExclusions When(bool applies, InstanceExclusions exclusion) => applies ? exclusion : InstanceExclusions.None;
}
