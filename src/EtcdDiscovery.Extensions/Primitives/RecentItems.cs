namespace EtcdDiscovery.Primitives;

/// <summary>Keeps the items that were added last, up to a limit. Safe for concurrent use.</summary>
internal sealed class RecentItems<T>(int capacity)
{
    private readonly Lock _sync = new();
    private readonly Queue<T> _items = new();

    /// <summary>The items, the oldest first.</summary>
    public IReadOnlyList<T> Items
    {
        get
        {
            lock (_sync)
            {
                return [.. _items];
            }
        }
    }

    public void Add(T item)
    {
        lock (_sync)
        {
            if (_items.Count == capacity)
            {
                _items.Dequeue();
            }

            _items.Enqueue(item);
        }
    }
}
