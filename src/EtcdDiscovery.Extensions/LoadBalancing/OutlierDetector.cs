using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.LoadBalancing;

/// <summary>
/// Tracks the ejected instances of a service, each until its timer fires. Not thread-safe; used under the balancer's lock.
/// </summary>
internal sealed class OutlierDetector(TimeProvider timeProvider, TimerCallback returned) : IDisposable
{
    // With jitter in the upper half: 1 to 2 s at first, at most 30 to 60 s.
    private static readonly Backoff Times = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(60));

    private readonly List<Ejection> _ejections = [];
    private bool _disposed;

    /// <summary>The ejected instances, the oldest ejection first.</summary>
    public ServiceInstance[] Instances => _ejections.Count == 0 ? [] : [.. _ejections.Select(ejection => ejection.Instance)];

    public IReadOnlyList<Ejection> Ejections => [.. _ejections];

    /// <summary>Ejects an instance.</summary>
    /// <returns>The duration; null if the instance is already ejected.</returns>
    public TimeSpan? Add(ServiceInstance instance, int times)
    {
        if (_disposed || _ejections.Exists(ejection => ejection.Instance.Id == instance.Id))
        {
            return null;
        }

        var time = Times.DelayAfter(times);
        var ejection = new Ejection(instance) { EndsAt = timeProvider.GetUtcNow() + time };
        _ejections.Add(ejection);
        ejection.Timer = timeProvider.CreateTimer(returned, ejection, time, Timeout.InfiniteTimeSpan);
        return time;
    }

    /// <summary>Ends the ejections that match.</summary>
    /// <returns>The ended ejections.</returns>
    public IReadOnlyList<Ejection> End(Predicate<Ejection> match)
    {
        if (_ejections.Count == 0)
        {
            return [];
        }

        var ended = _ejections.FindAll(match);
        ended.ForEach(ejection => ejection.Timer?.Dispose());
        _ejections.RemoveAll(match);
        return ended;
    }

    public void Dispose()
    {
        _disposed = true;
        End(_ => true);
    }
}
