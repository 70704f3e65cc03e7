namespace EtcdDiscovery.Resolution.Persistence;

/// <summary>Saves what has changed, and now and then that it has not.</summary>
internal sealed class SnapshotSaver(SnapshotDirectory folder, TimeProvider timeProvider)
{
    /// <summary>How often changes are saved: so old is a file at most when the process is killed.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    // A file tells until when its content was known to be true; for a service that never changes too.
    private static readonly TimeSpan Renewal = TimeSpan.FromMinutes(5);

    private readonly Dictionary<string, (ServiceView Snapshot, long At)> _saved = new(StringComparer.Ordinal);

    /// <summary>Saves those services whose files are not up to date.</summary>
    public void Save(IReadOnlyCollection<WatchedService> services)
    {
        foreach (var service in services)
        {
            if (service is { Current: { } current, Freshness.Source: SnapshotSource.Live } && IsWorthAFile(service) && !IsSaved(service.Name, current)
                && folder.TrySave(service.Name, new SavedSnapshot(current, service.Freshness.AsOf)))
            {
                _saved[service.Name] = (current, timeProvider.GetTimestamp());
            }
        }

        foreach (var gone in _saved.Keys.Except(services.Select(service => service.Name)).ToList())
        {
            _saved.Remove(gone);
        }
    }

    // Strangers may choose names: only what exists, or did when its file was written, has one.
    private bool IsWorthAFile(WatchedService service) => service.Exists || folder.Holds(service.Name);

    private bool IsSaved(string service, ServiceView current) =>
        _saved.TryGetValue(service, out var saved)
        && saved.Snapshot == current
        && timeProvider.GetElapsedTime(saved.At) < Renewal;
}
