using System.Collections.Concurrent;

namespace EtcdDiscovery.Resolution;

/// <summary>
/// The latest instances that said they were leaving before they left. Whoever compares two snapshots sees only that an
/// instance is gone; here it learns why.
/// </summary>
internal sealed class SignOffs
{
    // A subscriber that is further behind takes the oldest of them for expired.
    private const int Capacity = 4096;

    private readonly ConcurrentDictionary<string, byte> _ids = new(StringComparer.Ordinal);
    private readonly Queue<string> _oldestFirst = new();

    /// <summary>An instance is gone; by the writing loop only.</summary>
    public void Note(ServiceInstance? last)
    {
        if (last is not { Status: ServiceStatus.Draining } || !_ids.TryAdd(last.Id, 0))
        {
            return;
        }

        _oldestFirst.Enqueue(last.Id);
        if (_oldestFirst.Count > Capacity)
        {
            _ids.TryRemove(_oldestFirst.Dequeue(), out _);
        }
    }

    /// <summary>Why an instance is not served any more, given what is known of it now; by any thread.</summary>
    public ServiceDownReason Explain(string id, ServiceInstance? now) => now?.Status switch
    {
        ServiceStatus.Maintenance => ServiceDownReason.Maintenance,
        ServiceStatus.Draining => ServiceDownReason.Unregistered,
        _ => _ids.ContainsKey(id) ? ServiceDownReason.Unregistered : ServiceDownReason.Expired,
    };
}
