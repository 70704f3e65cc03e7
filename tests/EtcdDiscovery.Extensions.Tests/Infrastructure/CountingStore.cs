using System.Runtime.CompilerServices;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A decorator that counts reads and batches, delays or fails reads, and can lose the history of watches.</summary>
internal sealed class CountingStore(IDiscoveryStore inner) : StoreDecorator(inner)
{
    private int _reads;
    private int _watches;
    private int _batches;
    private int _sessions;
    private int _disposals;
    private Ending _ending = new();

    public int Reads => _reads;

    public int Watches => _watches;

    /// <summary>The number of watch batches that were consumed.</summary>
    public int Batches => _batches;

    public int Sessions => _sessions;

    public int Disposals => _disposals;

    /// <summary>Each read waits for this task before it starts.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Each read waits for this task before it returns.</summary>
    public Task After { get; set; } = Task.CompletedTask;

    /// <summary>Transforms the result of each read.</summary>
    public Func<StoreContents, StoreContents> Rewrite { get; set; } = contents => contents;

    /// <summary>Whether watches drop all changes.</summary>
    public bool DropsChanges { get; set; }

    /// <summary>If set, reads fail with this exception.</summary>
    public EtcdDiscoveryException? Failure { get; set; }

    /// <summary>If set, reads and new watches fail with this exception. <see cref="EndWatches"/> ends established watches.</summary>
    public EtcdDiscoveryException? Outage { get; set; }

    /// <summary>Watches that start after an older revision fail as compacted.</summary>
    public long CompactedRevision { get; set; }

    /// <summary>Whether watches report no progress, so that a resumed watch repeats all changes.</summary>
    public bool Repeats { get; set; }

    public override Task<IDiscoverySession> OpenSessionAsync(TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _sessions);
        return base.OpenSessionAsync(timeToLive, cancellationToken);
    }

    public override async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _reads);
        await Gate.WaitAsync(cancellationToken);
        var contents = (Outage ?? Failure) is { } failure ? throw failure : Rewrite(await base.ReadAsync(ranges, cancellationToken));
        await After.WaitAsync(cancellationToken);
        return contents;
    }

    /// <summary>Ends all watches with lost history, so that their readers read again.</summary>
    public void LoseHistory() => EndWatches(new HistoryLostException("The test lost the history."));

    /// <summary>Ends all watches with a failure.</summary>
    public void EndWatches(EtcdDiscoveryException failure)
    {
        var ending = Interlocked.Exchange(ref _ending, new Ending());
        ending.Failure = failure;
        ending.Source.Cancel();
    }

    public override async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges, StoreRevision after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _watches);
        var ending = Volatile.Read(ref _ending);
        ThrowIfUnwatchable(after);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending.Source.Token, cancellationToken);
        await using var batches = base.WatchAsync(ranges, after, either.Token).GetAsyncEnumerator(either.Token);
        while (await MoveNextAsync(batches, ending, cancellationToken))
        {
            var batch = batches.Current;
            yield return new(Repeats ? after : batch.Revision, DropsChanges ? [] : batch.Events);
            Interlocked.Increment(ref _batches);
        }
    }

    public override ValueTask DisposeAsync()
    {
        Interlocked.Increment(ref _disposals);
        return base.DisposeAsync();
    }

    private void ThrowIfUnwatchable(StoreRevision after)
    {
        if (Outage is { } outage)
        {
            throw outage;
        }

        if (after.Number < CompactedRevision)
        {
            throw new HistoryLostException("The test compacted the history.");
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

    /// <summary>Ends the established watches with an exception.</summary>
    private sealed class Ending
    {
        public CancellationTokenSource Source { get; } = new();

        public EtcdDiscoveryException? Failure { get; set; }
    }
}
