using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator that leaks: keeps every session, never disposes one, and creates a timer for each.</summary>
internal sealed class LeakingStore(IDiscoveryStore inner, TimeProvider timeProvider) : IDiscoveryStore
{
    private readonly List<(IDiscoverySession Session, ITimer Timer)> _kept = [];

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

    public async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var session = new Undisposed(await inner.OpenSessionAsync(timeToLive, cancellationToken));
        _kept.Add((session, timeProvider.CreateTimer(_ => { }, null, TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan)));
        return session;
    }

    public Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken) =>
        inner.ReadAsync(ranges, cancellationToken);

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        inner.WatchAsync(ranges, after, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private sealed class Undisposed(IDiscoverySession session) : IDiscoverySession
    {
        public TimeSpan TimeToLive => session.TimeToLive;

        public Task RenewAsync(CancellationToken cancellationToken) => session.RenewAsync(cancellationToken);

        public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken) =>
            session.TryPutAsync(puts, cancellationToken);

        public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken) =>
            session.DeleteAsync(keys, cancellationToken);

        public Task CloseAsync(CancellationToken cancellationToken) => session.CloseAsync(cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
