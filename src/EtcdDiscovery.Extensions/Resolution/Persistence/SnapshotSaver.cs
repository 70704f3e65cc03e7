namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>Saves what has changed, and now and then that it has not.</summary>
internal sealed class SnapshotSaver(SnapshotDirectory directory, TimeProvider timeProvider)
{
    /// <summary>How often changes are saved: so old is a file at most when the process is killed.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // A file tells until when its content was known to be true; for a service that never changes too.
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (ServiceView View, long At)> _saved = new(StringComparer.Ordinal);

    /// <summary>Saves those services whose files are not up to date; stops at the first that cannot be saved.</summary>
    public async Task SaveAsync(IReadOnlyCollection<ServiceWatcher> services)
    {
        foreach (var service in services)
        {
            if (service.View is not { IsKnown: true, Freshness.Source: SnapshotSource.Live } view || IsSaved(service.Name, view))
            {
                continue;
            }

            // Strangers may choose names: only what exists, or did when its file was written, has one.
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
