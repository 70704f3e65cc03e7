using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EtcdDiscovery.Diagnostics;
using Microsoft.Extensions.DependencyInjection;

namespace EtcdDiscovery.AspNetCore.Page;

/// <summary>Polls, in memory, the state that the page shows, and yields the changes.</summary>
/// <remarks>Polls four times a second, so that a thousand changes a second result in only four messages.</remarks>
internal static class LiveFeed
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    public static async IAsyncEnumerable<SseItem<string>> FollowAsync(
        IServiceProvider services, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var diagnostics = services.GetRequiredService<IDiscoveryDiagnostics>();
        var known = new Dictionary<string, ServiceSnapshot>(StringComparer.Ordinal);
        DiscoveryEvent? latest = null;
        HostDocument? host = null;
        using var timer = new PeriodicTimer(Interval, services.GetRequiredService<TimeProvider>());
        do
        {
            if (Compare(known, diagnostics.GetSnapshots()) is { } change)
            {
                yield return Item("services", change, PageJsonContext.Default.ServicesChange);
            }

            var events = After(latest, diagnostics.GetTimeline());
            if (events.Count > 0)
            {
                latest = events[^1];
                yield return Item("timeline", events, PageJsonContext.Default.ListDiscoveryEvent);
            }

            var now = HostDocument.Of(services);
            if (host is null || host.Lease != now.Lease || !host.Registrations.SequenceEqual(now.Registrations))
            {
                host = now;
                yield return Item("host", now, PageJsonContext.Default.HostDocument);
            }
        }
        while (await WaitAsync(timer, cancellationToken).ConfigureAwait(false));
    }

    // Snapshots are immutable, so the same object means that nothing has changed.
    private static ServicesChange? Compare(Dictionary<string, ServiceSnapshot> known, IReadOnlyList<ServiceSnapshot> snapshots)
    {
        var changed = snapshots.Where(snapshot => !ReferenceEquals(known.GetValueOrDefault(snapshot.Service.Name), snapshot)).ToList();
        var removed = known.Keys.Except(snapshots.Select(snapshot => snapshot.Service.Name)).ToList();
        changed.ForEach(snapshot => known[snapshot.Service.Name] = snapshot);
        removed.ForEach(name => known.Remove(name));
        return changed.Count + removed.Count == 0 ? null : new([.. changed.Select(ServiceSummary.Of)], removed);
    }

    private static List<DiscoveryEvent> After(DiscoveryEvent? latest, IReadOnlyList<DiscoveryEvent> timeline)
    {
        var seen = latest is null ? -1 : timeline.ToList().LastIndexOf(latest);
        return [.. timeline.Skip(seen + 1)];
    }

    private static SseItem<string> Item<T>(string type, T document, JsonTypeInfo<T> info) => new(JsonSerializer.Serialize(document, info), type);

    private static async Task<bool> WaitAsync(PeriodicTimer timer, CancellationToken cancellationToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
