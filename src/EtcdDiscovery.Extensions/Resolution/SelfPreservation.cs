namespace EtcdDiscovery.Resolution;

/// <summary>Decides how many instances of a service may vanish before the store is more likely to be at fault than they are.</summary>
/// <remarks>
/// A leader of etcd that was frozen and continues revokes the leases of instances that are alive, and an etcd v2 that was down expires
/// them. Those are back within moments, whereas half of a service that really died leaves the other half to call.
/// </remarks>
/// <param name="period">How long losses count as simultaneous; zero for no limit.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class SelfPreservation(TimeSpan period, TimeProvider timeProvider)
{
    // More than half of a smaller service may well fail at the same time.
    private const int SmallestCrowd = 4;

    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    private long _begun;
    private int _present;
    private long? _disturbed;

    /// <summary>The store could not be followed: what vanishes from now on may vanish because of that.</summary>
    public void OnDisturbance() => _disturbed = timeProvider.GetTimestamp();

    /// <summary>An instance is there. If it was believed to be gone, it was not lost after all.</summary>
    public void OnPresent(string id) => _lost.Remove(id);

    /// <summary>Decides which of the instances that have just vanished are believed to be gone.</summary>
    /// <param name="present">How many there were before.</param>
    /// <param name="vanished">Those that vanished without signing off.</param>
    /// <returns>How many of them, from the first on.</returns>
    public int Believe(int present, IReadOnlyList<string> vanished)
    {
        if (_disturbed is { } disturbed && timeProvider.GetElapsedTime(disturbed) < period)
        {
            return 0;
        }

        if (_lost.Count == 0 || timeProvider.GetElapsedTime(_begun) >= period)
        {
            (_begun, _present) = (timeProvider.GetTimestamp(), present);
            _lost.Clear();
        }

        var isCrowd = period > TimeSpan.Zero && _present >= SmallestCrowd;
        var believed = isCrowd ? Math.Clamp((_present / 2) - _lost.Count, 0, vanished.Count) : vanished.Count;
        _lost.UnionWith(vanished.Take(believed));
        return believed;
    }
}
