namespace EtcdDiscovery.Resolution;

/// <summary>How current a view is: its source, and when it was last confirmed.</summary>
/// <param name="Source">The source of the view.</param>
/// <param name="Timestamp">When the view was last confirmed, by the monotonic clock; 0 if it comes from a file.</param>
/// <param name="AsOf">The same by the wall clock, for display.</param>
internal sealed record Freshness(SnapshotSource Source, long Timestamp, DateTimeOffset AsOf)
{
    public static Freshness Unknown { get; } = new(SnapshotSource.Stale, 0, default);

    /// <summary>The store has just confirmed the view.</summary>
    public static Freshness Live(TimeProvider timeProvider) =>
        new(SnapshotSource.Live, timeProvider.GetTimestamp(), timeProvider.GetUtcNow());

    /// <summary>The time since the view was last confirmed.</summary>
    // Measured by the monotonic clock, because the wall clock can be changed. A file contains only a wall-clock time.
    public TimeSpan Age(TimeProvider timeProvider) => Source == SnapshotSource.Disk
        ? timeProvider.GetUtcNow() - AsOf
        : timeProvider.GetElapsedTime(Timestamp);
}
