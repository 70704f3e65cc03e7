using System.Diagnostics.Metrics;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using Microsoft.Extensions.Hosting;

namespace EtcdDiscovery.Diagnostics;

/// <summary>Publishes the state of registration and resolution as metrics, which are read from memory when they are collected.</summary>
internal sealed class StateMetrics(
    Meter meter, IServiceRegistry registry, IDiscoveryDiagnostics diagnostics, ProcessSession session, Timeline timeline, TimeProvider timeProvider)
    : IHostedService
{
    private const string State = "etcd_discovery.registration.state";
    private const string Status = "etcd_discovery.instance.status";
    private const string Source = "etcd_discovery.snapshot.source";
    private const string EventKind = "etcd_discovery.event.kind";

    public Task StartAsync(CancellationToken cancellationToken)
    {
        meter.CreateObservableUpDownCounter(
            "etcd_discovery.registrations", CountRegistrations, "{registration}", "The registrations of this process, by service and state.");
        meter.CreateObservableGauge("etcd_discovery.lease.age", () => OfLease(lease => lease.Age), "s", "The time since the lease was last renewed.");
        meter.CreateObservableGauge(
            "etcd_discovery.lease.time_to_live", () => OfLease(lease => lease.TimeToLive), "s", "How long etcd keeps the registrations after a renewal.");
        meter.CreateObservableCounter("etcd_discovery.lease.losses", () => session.Losses, "{loss}", "How many leases of this process were lost.");
        meter.CreateObservableCounter(
            "etcd_discovery.events", CountEvents, "{event}", "How many events the timeline has recorded, including ejections, by kind.");
        meter.CreateObservableGauge("etcd_discovery.snapshot.age", MeasureAges, "s", "How old the snapshot of a service is.");
        meter.CreateObservableUpDownCounter(
            "etcd_discovery.instances", CountInstances, "{instance}", "The known instances of the services that this process watches, by status.");
        meter.CreateObservableUpDownCounter(
            "etcd_discovery.instances.suspect",
            () => OfSnapshots(snapshot => snapshot.Suspects.Length),
            "{instance}",
            "The instances that are kept although they vanished from etcd.");
        meter.CreateObservableUpDownCounter(
            "etcd_discovery.instances.ejected", CountEjected, "{instance}", "The instances that this process does not pick, because calls to them failed.");
        meter.CreateObservableUpDownCounter(
            "etcd_discovery.entries.unreadable",
            () => OfSnapshots(snapshot => snapshot.UnreadableEntries),
            "{entry}",
            "The entries in etcd that cannot be read and are skipped.");
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private IEnumerable<Measurement<int>> CountRegistrations() => registry.Registrations
        .GroupBy(registration => (registration.ServiceName, registration.State))
        .Select(group => new Measurement<int>(group.Count(), Of(group.Key.ServiceName), new(State, group.Key.State.ToString())));

    private IEnumerable<Measurement<double>> OfLease(Func<LeaseInfo, TimeSpan> get) =>
        diagnostics.Lease is { } lease ? [new(get(lease).TotalSeconds)] : [];

    private IEnumerable<Measurement<long>> CountEvents() =>
        timeline.Counts.Select(count => new Measurement<long>(count.Value, new KeyValuePair<string, object?>(EventKind, count.Key.ToString())));

    private IEnumerable<Measurement<int>> CountInstances() => diagnostics.GetSnapshots().SelectMany(snapshot => snapshot.Instances
        .GroupBy(instance => instance.Status)
        .Select(group => new Measurement<int>(group.Count(), Of(snapshot.Service.Name), new(Status, group.Key.ToString()))));

    private IEnumerable<Measurement<int>> CountEjected() => diagnostics.GetEjections()
        .GroupBy(ejection => ejection.Instance.ServiceName)
        .Select(group => new Measurement<int>(group.Count(), Of(group.Key)));

    // The age of a saved snapshot is unknown if the clock has been set back.
    private IEnumerable<Measurement<double>> MeasureAges() => diagnostics.GetSnapshots()
        .Where(snapshot => snapshot.AsOf > DateTimeOffset.MinValue)
        .Select(snapshot => new Measurement<double>(
            (timeProvider.GetUtcNow() - snapshot.AsOf).TotalSeconds, Of(snapshot.Service.Name), new(Source, snapshot.Source.ToString())));

    private IEnumerable<Measurement<int>> OfSnapshots(Func<ServiceSnapshot, int> count) =>
        diagnostics.GetSnapshots().Select(snapshot => new Measurement<int>(count(snapshot), Of(snapshot.Service.Name)));

    private static KeyValuePair<string, object?> Of(string service) => new(Telemetry.Service, service);
}
