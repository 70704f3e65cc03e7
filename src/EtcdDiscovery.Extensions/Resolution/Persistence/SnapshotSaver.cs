namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>Saves snapshots of services that have changed, and periodically renews the timestamps of the others.</summary>
internal sealed class SnapshotSaver(SnapshotDirectory directory, TimeProvider timeProvider)
{
    /// <summary>How often changes are saved. If the process is killed, at most the changes of one interval are lost.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // A file contains the time at which its content was last confirmed, which must advance even if the service never changes.
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (ServiceView View, long At)> _saved = new(StringComparer.Ordinal);

    /// <summary>Saves the services whose files are outdated. Stops at the first one that cannot be saved.</summary>
    public async Task SaveAsync(IReadOnlyCollection<ServiceWatcher> services)
    {
        foreach (var service in services)
        {
            if (service.View is not { IsKnown: true, Freshness.Source: SnapshotSource.Live } view || IsSaved(service.Name, view))
            {
                continue;
            }

            // Names may come from untrusted callers, so only a service that exists, or existed before, gets a file.
            if (!await directory.TrySaveAsync(service.Name, new SavedSnapshot(view, view.Freshness.AsOf), isNew: service.Exists).ConfigureAwait(false))
            {
                return;
            }

            _saved[service.Name] = (view, timeProvider.GetTimestamp());
        }

        foreach (var gone in _saved.Keys.Except(services.Select(service => service.Name)).ToList())
        {
            _saved.Remove(gone);
        }
    }

    private bool IsSaved(string service, ServiceView view) =>
        _saved.TryGetValue(service, out var saved)
        && saved.View.HasContentOf(view)
        && timeProvider.GetElapsedTime(saved.At) < Renewal;
}
