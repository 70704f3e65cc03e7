using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator that leaks: keeps every session, never disposes one, and creates a timer for each.</summary>
internal sealed class LeakingStore(IDiscoveryStore inner, TimeProvider timeProvider) : StoreDecorator(inner)
{
    private readonly List<(IDiscoverySession Session, ITimer Timer)> _kept = [];

    public override async Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        var session = new Undisposed(await base.OpenSessionAsync(timeToLive, cancellationToken));
        _kept.Add((session, timeProvider.CreateTimer(_ => { }, null, TimeSpan.FromDays(1), Timeout.InfiniteTimeSpan)));
        return session;
    }

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
