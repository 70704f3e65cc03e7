namespace EtcdDiscovery.Stores.InMemory;

/// <summary>A session that a timer ends.</summary>
internal sealed class InMemorySession : IDiscoverySession
{
    private readonly InMemoryDiscoveryStore _store;
    private readonly ITimer _expiry;
    private volatile bool _lost;

    public InMemorySession(InMemoryDiscoveryStore store, TimeSpan timeToLive, TimeProvider timeProvider)
    {
        _store = store;
        TimeToLive = timeToLive;
        _expiry = timeProvider.CreateTimer(
            static session => ((InMemorySession)session!).End(), this, timeToLive, Timeout.InfiniteTimeSpan);
    }

    public TimeSpan TimeToLive { get; }

    public Task RenewAsync(CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfLost();
        _expiry.Change(TimeToLive, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        return Task.FromResult(_store.TryPut(this, puts));
    }

    public Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        ThrowIfLost();
        _store.Delete((key, _) => keys.Contains(key));
        return Task.CompletedTask;
    }

    public Task CloseAsync(CancellationToken cancellationToken)
    {
        End();
        return Task.CompletedTask;
    }

    // The entries stay until the session expires, as after a crash.
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    public void ThrowIfLost()
    {
        if (_lost)
        {
            throw new SessionLostException("The session expired or was closed.");
        }
    }

    private void End()
    {
        _lost = true;
        _expiry.Dispose();
        _store.Delete((_, entry) => entry.Owner == this);
    }
}
