namespace EtcdDiscovery.Resolution;

/// <summary>How many instances of a service may vanish together before the store is rather to blame than they are.</summary>
/// <remarks>
/// A leader of etcd that was frozen and goes on revokes the leases of hosts that are alive and well. Then they are back
/// within moments, whereas half of a service that really died leaves the other half to call.
/// </remarks>
/// <param name="period">What counts as together; zero for no limit.</param>
/// <param name="timeProvider">The clock.</param>
internal sealed class SelfPreservation(TimeSpan period, TimeProvider timeProvider)
{
    // Of fewer, more than half may well fail together.
    private const int SmallestCrowd = 4;

    private long _begun;
    private int _present;
    private int _lost;

    /// <summary>Decides how many of those that have just vanished are believed to be gone.</summary>
    /// <param name="present">How many there were before.</param>
    /// <param name="vanished">How many of them vanished without signing off.</param>
    public int Believe(int present, int vanished)
    {
        if (_lost == 0 || timeProvider.GetElapsedTime(_begun) >= period)
        {
            (_begun, _present, _lost) = (timeProvider.GetTimestamp(), present, 0);
        }

        var isCrowd = period > TimeSpan.Zero && _present >= SmallestCrowd;
        var believed = isCrowd ? Math.Clamp((_present / 2) - _lost, 0, vanished) : vanished;
        _lost += believed;
        return believed;
    }
}
