namespace EtcdDiscovery.Resolution;

/// <summary>Decides how many instances of a service may vanish before a fault of the store is the more likely cause.</summary>
/// <remarks>
/// An etcd leader that resumes after a freeze revokes the leases of healthy instances, and with the v2 API, their keys expire when etcd
/// returns after an outage. Such instances register again within moments. If half of a service has really died, callers still have the
/// other half.
/// </remarks>
/// <param name="period">How long losses count as simultaneous; zero to accept all losses.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class SelfPreservation(TimeSpan period, TimeProvider timeProvider)
{
    // In a smaller service, more than half of the instances can fail at the same time.
    private const int MinInstances = 4;

    private readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    private long _periodStart;
    private int _present;
    private long? _lastDisturbance;

    /// <summary>The store was unreachable, so instances that vanish soon afterwards may vanish because of the outage.</summary>
    public void OnDisturbance() => _lastDisturbance = timeProvider.GetTimestamp();

    /// <summary>An instance is present, so it no longer counts as lost.</summary>
    public void OnPresent(string id) => _lost.Remove(id);

    /// <summary>Decides how many of the instances that have just vanished to remove.</summary>
    /// <param name="present">The number of instances before.</param>
    /// <param name="vanished">The instances that vanished without unregistering.</param>
    /// <returns>The number of vanished instances to remove, from the first one on.</returns>
    public int Accept(int present, IReadOnlyList<string> vanished)
    {
        if (_lastDisturbance is { } disturbed && timeProvider.GetElapsedTime(disturbed) < period)
        {
            return 0;
        }

        if (_lost.Count == 0 || timeProvider.GetElapsedTime(_periodStart) >= period)
        {
            (_periodStart, _present) = (timeProvider.GetTimestamp(), present);
            _lost.Clear();
        }

        var isLimited = period > TimeSpan.Zero && _present >= MinInstances;
        var accepted = isLimited ? Math.Clamp((_present / 2) - _lost.Count, 0, vanished.Count) : vanished.Count;
        _lost.UnionWith(vanished.Take(accepted));
        return accepted;
    }
}
