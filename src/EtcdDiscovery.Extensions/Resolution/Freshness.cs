namespace EtcdDiscovery.Resolution;

/// <summary>How current a view is: where it comes from, and when it was last known to be true.</summary>
/// <param name="Source">Where it comes from.</param>
/// <param name="Timestamp">When it was last known to be true, by the monotonic clock; 0 when it comes from a file.</param>
/// <param name="AsOf">The same by the wall clock, for people.</param>
internal sealed record Freshness(SnapshotSource Source, long Timestamp, DateTimeOffset AsOf)
{
    public static Freshness Unknown { get; } = new(SnapshotSource.Stale, 0, default);

    /// <summary>The store has just told what there is, or that nothing has changed.</summary>
    public static Freshness Live(TimeProvider timeProvider) =>
        new(SnapshotSource.Live, timeProvider.GetTimestamp(), timeProvider.GetUtcNow());

    /// <summary>How long ago the view was last known to be true.</summary>
    // By the monotonic clock, since the wall clock can be set. Only a file leaves no choice.
    public TimeSpan Age(TimeProvider timeProvider) => Source == SnapshotSource.Disk
        ? timeProvider.GetUtcNow() - AsOf
        : timeProvider.GetElapsedTime(Timestamp);
}
