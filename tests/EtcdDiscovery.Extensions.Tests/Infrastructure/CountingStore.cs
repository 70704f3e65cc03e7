namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A store in between that counts, and can hold reads back or make them fail.</summary>
internal sealed class CountingStore(IDiscoveryStore inner) : IDiscoveryStore
{
    private int _reads;
    private int _watches;
    private int _sessions;
    private int _disposals;

    public int Reads => _reads;

    public int Watches => _watches;

    public int Sessions => _sessions;

    public int Disposals => _disposals;

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    /// <summary>Reads wait for this.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>What reads fail with while it is set.</summary>
    public EtcdDiscoveryException? Failure { get; set; }

    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _sessions);
        return inner.OpenSessionAsync(timeToLive, cancellationToken);
    }

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        await Gate.WaitAsync(cancellationToken);
        return Failure is { } failure ? throw failure : await inner.ReadAsync(ranges, cancellationToken);
    }

    public IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        return inner.WatchAsync(ranges, after, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        return inner.DisposeAsync();
    }
}
