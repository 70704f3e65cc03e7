using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A store in between that remembers, weakly, every session that was opened through it.</summary>
internal sealed class SessionCensus(IDiscoveryStore inner) : IDiscoveryStore
{
    private readonly Lock _sync = new();
    private readonly List<WeakReference> _sessions = [];

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    /// <summary>How many sessions were opened.</summary>
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

    /// <summary>How many of them something still holds, after a collection.</summary>
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
