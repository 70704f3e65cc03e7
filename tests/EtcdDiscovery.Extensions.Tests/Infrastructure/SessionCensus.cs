using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator that keeps weak references to all opened sessions.</summary>
internal sealed class SessionCensus(IDiscoveryStore inner) : IDiscoveryStore
{
    private readonly Lock _sync = new();
    private readonly List<WeakReference> _sessions = [];

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    /// <summary>The number of opened sessions.</summary>
    public int Opened
    {
        get
        {
            lock (_sync)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>The number of sessions that are still referenced after a garbage collection.</summary>
    public int Held
    {
        get
        {
            lock (_sync)
            {
                return _sessions.Count(session => session.IsAlive);
            }
        }
    }

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var session = await inner.OpenSessionAsync(timeToLive, cancellationToken);
        lock (_sync)
        {
            _sessions.Add(new WeakReference(session));
        }

        return session;
    }

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        inner.ReadAsync(ranges, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        inner.WatchAsync(ranges, after, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
