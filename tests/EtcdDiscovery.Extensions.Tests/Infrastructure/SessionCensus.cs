using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator that keeps weak references to all opened sessions.</summary>
internal sealed class SessionCensus(IDiscoveryStore inner) : StoreDecorator(inner)
{
    private readonly Lock _sync = new();
    private readonly List<WeakReference> _sessions = [];

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

    public override async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var session = await base.OpenSessionAsync(timeToLive, cancellationToken);
        lock (_sync)
        {
            _sessions.Add(new WeakReference(session));
        }

        return session;
    }
}
