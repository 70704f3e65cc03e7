using System.Globalization;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>An observer to whom each batch costs a rest.</summary>
public sealed class CoalescingObserverTests : IDisposable
{
    private readonly CountingTimeProvider _clock = new();
    private readonly Notes _notes = new();
    private readonly CoalescingObserver _observer;
    private TimeSpan _rest = TimeSpan.FromMilliseconds(10);

    public CoalescingObserverTests() => _observer = new CoalescingObserver(_notes, () => _rest, _clock);

    [Fact]
    public void Batch_AfterARest_IsToldAtOnce()
    {
        _observer.OnBatch(Batch(1));
        _clock.Advance(_rest);
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: 1", "2: 2"], _notes.Lines);
    }

    [Fact]
    public void Batches_WithinARest_AreToldAsOneAtItsEnd()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2, 3));
        _observer.OnBatch(Batch(4));
        Assert.Equal(["1: 1"], _notes.Lines);

        _clock.Advance(_rest);
        Assert.Equal(["1: 1", "4: 2 3 4"], _notes.Lines);

        _observer.OnBatch(Batch(5));
        Assert.Equal(2, _notes.Lines.Count);
        _clock.Advance(_rest);
        Assert.Equal("5: 5", _notes.Lines[^1]);
    }

    [Fact]
    public void Batches_TooLargeToWait_AreToldAtOnce()
    {
        var large = new StoreBatch(new StoreRevision(2), [new StoreEvent("2", new byte[CoalescingObserver.MaxWaitingBytes / 2], 2)]);
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(large);
        Assert.Equal(["1: 1"], _notes.Lines);

        _observer.OnBatch(large);
        Assert.Equal(["1: 1", "2: 2 2"], _notes.Lines);
        _observer.OnBatch(large);
        Assert.Equal(2, _notes.Lines.Count);
    }

    [Fact]
    public void Rest_WithNothingInIt_TellsNothing()
    {
        _observer.OnBatch(Batch(1));
        _clock.Advance(_rest * 3);

        Assert.Equal(["1: 1"], _notes.Lines);
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Fact]
    public void SignOfLife_CostsNoRest()
    {
        _observer.OnBatch(new StoreBatch(new StoreRevision(1), []));
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: ", "2: 2"], _notes.Lines);
    }

    [Fact]
    public void Rest_ShorterThanATimerCanMeasure_IsNone()
    {
        _rest = TimeSpan.FromMilliseconds(0.9);
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: 1", "2: 2"], _notes.Lines);
    }

    [Fact]
    public void FailureOrRead_WithinARest_ComesAfterWhatWaits()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _observer.OnFailure(new EtcdDiscoveryException("away"));
        _observer.OnBatch(Batch(3));
        _observer.OnRead(new StoreContents(new StoreRevision(4), []));

        Assert.Equal(["1: 1", "2: 2", "away", "3: 3", "read 4"], _notes.Lines);
    }

    [Fact]
    public void ObserverThatThrowsAtTheEndOfARest_CostsTheHistory()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _notes.ThrowsOnce = true;
        _clock.Advance(_rest);

        Assert.Contains("no more", Assert.Throws<HistoryLostException>(() => _observer.OnBatch(Batch(3))).Message, StringComparison.Ordinal);
        _observer.OnBatch(Batch(4));
        Assert.Equal(["1: 1", "4: 4"], _notes.Lines);
    }

    // The follower of the store tells of a failure where nothing may be thrown any more.
    [Fact]
    public void ObserverThatThrowsBeforeAFailureIsTold_IsToldOfTheFailureAndCostsTheHistory()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _notes.ThrowsOnce = true;
        _observer.OnFailure(new EtcdDiscoveryException("away"));

        Assert.Equal(["1: 1", "away"], _notes.Lines);
        Assert.Throws<HistoryLostException>(() => _observer.OnBatch(Batch(3)));
    }

    [Fact]
    public void ObserverThatThrew_IsRepairedByARead()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _notes.ThrowsOnce = true;
        _clock.Advance(_rest);
        _observer.OnRead(new StoreContents(new StoreRevision(2), []));
        _observer.OnBatch(Batch(3));

        Assert.Equal(["1: 1", "read 2", "3: 3"], _notes.Lines);
    }

    public void Dispose() => _observer.Dispose();

    private static StoreBatch Batch(params long[] revisions) => new(
        new StoreRevision(revisions[^1]),
        [.. revisions.Select(revision => new StoreEvent(revision.ToString(CultureInfo.InvariantCulture), default, revision))]);

    private sealed class Notes : IStoreObserver
    {
        public List<string> Lines { get; } = [];

        public bool ThrowsOnce { get; set; }

        public void OnRead(StoreContents contents) => Note($"read {contents.Revision.Number}");

        public void OnBatch(StoreBatch batch) =>
            Note($"{batch.Revision.Number}: {string.Join(' ', batch.Events.Select(change => change.Key))}");

        public void OnFailure(EtcdDiscoveryException error) => Note(error.Message);

        private void Note(string line)
        {
            if (ThrowsOnce)
            {
                ThrowsOnce = false;
                throw new InvalidOperationException("no more");
            }

            Lines.Add(line);
        }
    }
}
