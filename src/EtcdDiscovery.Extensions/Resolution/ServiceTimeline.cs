using System.Globalization;
using EtcdDiscovery.Diagnostics;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Records the events of one service for diagnostics.</summary>
internal sealed class ServiceTimeline(string service, Timeline? events, TimeProvider timeProvider)
{
    public void OnStoreUnreachable(string reason) => Add(DiscoveryEventKind.StoreUnreachable, detail: LogSanitizer.SanitizeMessage(reason));

    public void OnStoreReachable() => Add(DiscoveryEventKind.StoreReachable);

    /// <summary>Records the changes that led from one published view to the next one.</summary>
    public void OnPublished(ServiceView before, ViewUpdate update)
    {
        // Names of services that do not exist may come from untrusted callers.
        if (events is null || (!before.IsKnown && !update.View.Exists))
        {
            return;
        }

        if (!before.IsKnown)
        {
            var count = update.View.Instances.Count;
            Add(DiscoveryEventKind.ServiceRead, detail: count == 1 ? "1 instance" : string.Create(CultureInfo.InvariantCulture, $"{count} instances"));
            return;
        }

        foreach (var change in update.Changes.Select(change => change.OfServing()).OfType<ServiceChange>())
        {
            Add(
                change.Kind switch
                {
                    ServiceChangeKind.Up => DiscoveryEventKind.InstanceUp,
                    ServiceChangeKind.Updated => DiscoveryEventKind.InstanceUpdated,
                    _ => DiscoveryEventKind.InstanceDown,
                },
                change.Instance.Id,
                change.DownReason?.ToString());
        }
    }

    private void Add(DiscoveryEventKind kind, string? instance = null, string? detail = null) =>
        events?.Add(new()
        {
            Time = timeProvider.GetUtcNow(),
            Kind = kind,
            ServiceName = service,
            InstanceId = instance,
            Detail = detail,
        });
}
