using System.Runtime.CompilerServices;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A store in between that counts, can hold reads back or make them fail, and can lose history.</summary>
internal sealed class CountingStore(IDiscoveryStore inner) : IDiscoveryStore
{
    private int _reads;
    private int _watches;
    private int _batches;
    private int _sessions;
    private int _disposals;
    private Ending _ending = new();

    public int Reads => _reads;

    public int Watches => _watches;

    /// <summary>How many batches of watches were taken in.</summary>
    public int Batches => _batches;

    public int Sessions => _sessions;

    public int Disposals => _disposals;

    public IReadOnlyList<string> Endpoints => inner.Endpoints;

    public StoreCapabilities Capabilities => inner.Capabilities;

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

    /// <summary>What reads and new watches fail with while it is set; see <see cref="EndWatches"/> for those that stand.</summary>
    public EtcdDiscoveryException? Outage { get; set; }

    /// <summary>Watches after an older revision have lost their history.</summary>
    public long CompactedRevision { get; set; }

    /// <summary>Whether watches never tell how far they have got, so that a resumed one repeats everything.</summary>
    public bool Repeats { get; set; }

    public Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _sessions);
        return inner.OpenSessionAsync(timeToLive, cancellationToken);
    }

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        await Gate.WaitAsync(cancellationToken);
        var contents = (Outage ?? Failure) is { } failure ? throw failure : Rewrite(await inner.ReadAsync(ranges, cancellationToken));
        await After.WaitAsync(cancellationToken);
        return contents;
    }

    /// <summary>Ends all watches: their readers have to read again.</summary>
    public void LoseHistory() => EndWatches(new HistoryLostException("The test lost it."));

    /// <summary>Ends all watches with a failure.</summary>
    public void EndWatches(EtcdDiscoveryException failure)
    {
        var ending = Interlocked.Exchange(ref _ending, new Ending());
        ending.Failure = failure;
        ending.Source.Cancel();
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        var ending = Volatile.Read(ref _ending);
        ThrowIfUnwatchable(after);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending.Source.Token, cancellationToken);
        await using var batches = inner.WatchAsync(ranges, after, either.Token).GetAsyncEnumerator(either.Token);
        while (await MoveNextAsync(batches, ending, cancellationToken))
        {
            var batch = batches.Current;
            yield return new(Repeats ? after : batch.Revision, IsDeaf ? [] : batch.Events);
            Interlocked.Increment(ref _batches);
        }
    }

    public ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        return inner.DisposeAsync();
    }

    private void ThrowIfUnwatchable(StoreRevision after)
    {
        if (Outage is { } outage)
        {
            throw outage;
        }

        if (after.Number < CompactedRevision)
        {
            throw new HistoryLostException("The test compacted it.");
        }
    }

    private static async Task<bool> MoveNextAsync(
        IAsyncEnumerator<StoreBatch> batches, Ending ending, CancellationToken cancellationToken)
    {
        try
        {
            return await batches.MoveNextAsync();
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw ending.Failure!;
        }
    }

    /// <summary>What ends the watches that stand now, once it comes.</summary>
    private sealed class Ending
    {
        public CancellationTokenSource Source { get; } = new();

        public EtcdDiscoveryException? Failure { get; set; }
    }
}
