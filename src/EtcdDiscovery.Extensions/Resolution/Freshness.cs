namespace EtcdDiscovery.Resolution;

/// <summary>How current a service's snapshot is. Written by its loop, read by any thread.</summary>
internal sealed class Freshness(TimeProvider timeProvider)
{
    private volatile State _state = new(SnapshotSource.Stale, timeProvider.GetTimestamp(), timeProvider.GetUtcNow());

    public SnapshotSource Source => _state.Source;

    /// <summary>How long ago the snapshot was last known to be true.</summary>
    public TimeSpan Age => AgeOf(_state);

    /// <summary>When the snapshot was last known to be true.</summary>
    public DateTimeOffset AsOf => _state.AsOf;

    /// <summary>The store has just told what there is, or that nothing has changed.</summary>
    public void Confirm() => _state = new(SnapshotSource.Live, timeProvider.GetTimestamp(), timeProvider.GetUtcNow());

    /// <summary>The store is out of reach.</summary>
    public void Lose() => _state = _state with { Source = SnapshotSource.Stale };

    /// <summary>The snapshot comes from a file.</summary>
    public void Restore(DateTimeOffset asOf) => _state = new(SnapshotSource.Disk, 0, asOf);

    // By the monotonic clock: somebody may set the other one. Only a file has no choice.
    private TimeSpan AgeOf(State state) => state.Source == SnapshotSource.Disk
        ? timeProvider.GetUtcNow() - state.AsOf
        : timeProvider.GetElapsedTime(state.Confirmed);

    private sealed record State(SnapshotSource Source, long Confirmed, DateTimeOffset AsOf);
}
