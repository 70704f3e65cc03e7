using System.Runtime.CompilerServices;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A store in between that counts, can hold reads back or make them fail, and can lose history.</summary>
internal sealed class CountingStore(IDiscoveryStore inner) : IDiscoveryStore
{
    private int _reads;
    private int _watches;
    private int _batches;
    private int _sessions;
    private int _disposals;
    private CancellationTokenSource _losing = new();

    public int Reads => _reads;

    public int Watches => _watches;

    /// <summary>How many batches of watches were taken in.</summary>
    public int Batches => _batches;

    public int Sessions => _sessions;

    public int Disposals => _disposals;

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    /// <summary>Reads wait for this.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Answers of reads wait for this.</summary>
    public Task After { get; set; } = Task.CompletedTask;

    /// <summary>What reads make of what there is.</summary>
    public Func<StoreContents, StoreContents> Rewrite { get; set; } = contents => contents;

    /// <summary>Whether watches swallow the changes.</summary>
    public bool IsDeaf { get; set; }

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
        var contents = Failure is { } failure ? throw failure : Rewrite(await inner.ReadAsync(ranges, cancellationToken));
        await After.WaitAsync(cancellationToken);
        return contents;
    }

    /// <summary>Ends all watches: their readers have to read again.</summary>
    public void LoseHistory() => Interlocked.Exchange(ref _losing, new CancellationTokenSource()).Cancel();

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_losing.Token, cancellationToken);
        await using var batches = inner.WatchAsync(ranges, after, either.Token).GetAsyncEnumerator(either.Token);
        while (await MoveNextAsync(batches, cancellationToken))
        {
            yield return IsDeaf ? batches.Current with { Events = [] } : batches.Current;
            Interlocked.Increment(ref _batches);
        }
    }

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        return inner.DisposeAsync();
    }

    private static async Task<bool> MoveNextAsync(IAsyncEnumerator<StoreBatch> batches, CancellationToken cancellationToken)
    {
        try
        {
            return await batches.MoveNextAsync();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HistoryLostException("The test lost it.");
        }
    }
}
