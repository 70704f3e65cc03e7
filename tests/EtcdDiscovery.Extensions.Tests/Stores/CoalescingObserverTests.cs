using System.Globalization;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>Merging of the batches that arrive during the pause after each batch.</summary>
public sealed class CoalescingObserverTests : IDisposable
{
    private readonly CountingTimeProvider _clock = new();
    private readonly RecordingObserver _recorded = new();
    private readonly CoalescingObserver _observer;
    private TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    public CoalescingObserverTests() => _observer = new CoalescingObserver(_recorded, () => _pause, _clock);

    [Fact]
    public void Batch_AfterAPause_IsDeliveredAtOnce()
    {
        _observer.OnBatch(Batch(1));
        _clock.Advance(_pause);
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: 1", "2: 2"], _recorded.Lines);
    }

    [Fact]
    public void Batches_DuringAPause_AreMergedAndDeliveredAtItsEnd()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2, 3));
        _observer.OnBatch(Batch(4));
        Assert.Equal(["1: 1"], _recorded.Lines);

        _clock.Advance(_pause);
        Assert.Equal(["1: 1", "4: 2 3 4"], _recorded.Lines);

        _observer.OnBatch(Batch(5));
        Assert.Equal(2, _recorded.Lines.Count);
        _clock.Advance(_pause);
        Assert.Equal("5: 5", _recorded.Lines[^1]);
    }

    [Fact]
    public void Batches_TooLargeToHold_AreDeliveredAtOnce()
    {
        var large = new StoreBatch(new StoreRevision(2), [new StoreEvent("2", new byte[CoalescingObserver.MaxWaitingBytes / 2], 2)]);
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(large);
        Assert.Equal(["1: 1"], _recorded.Lines);

        _observer.OnBatch(large);
        Assert.Equal(["1: 1", "2: 2 2"], _recorded.Lines);
        _observer.OnBatch(large);
        Assert.Equal(2, _recorded.Lines.Count);
    }

    [Fact]
    public void Pause_WithoutBatches_DeliversNothing()
    {
        _observer.OnBatch(Batch(1));
        _clock.Advance(_pause * 3);

        Assert.Equal(["1: 1"], _recorded.Lines);
        Assert.Equal(0, _clock.ArmedTimers);
    }

    [Fact]
    public void EmptyBatch_StartsNoPause()
    {
        _observer.OnBatch(new StoreBatch(new StoreRevision(1), []));
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: ", "2: 2"], _recorded.Lines);
    }

    [Fact]
    public void Pause_ShorterThanTheTimerResolution_IsSkipped()
    {
        _pause = TimeSpan.FromMilliseconds(0.9);
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));

        Assert.Equal(["1: 1", "2: 2"], _recorded.Lines);
    }

    [Fact]
    public void FailureOrRead_DuringAPause_IsDeliveredAfterTheHeldBatches()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _observer.OnFailure(new EtcdDiscoveryException("away"));
        _observer.OnBatch(Batch(3));
        _observer.OnRead(new StoreContents(new StoreRevision(4), []));

        Assert.Equal(["1: 1", "2: 2", "away", "3: 3", "read 4"], _recorded.Lines);
    }

    [Fact]
    public void Observer_ThrowsAtTheEndOfAPause_LosesTheHistory()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _recorded.ThrowsOnce = true;
        _clock.Advance(_pause);

        Assert.Contains("no more", Assert.Throws<HistoryLostException>(() => _observer.OnBatch(Batch(3))).Message, StringComparison.Ordinal);
        _observer.OnBatch(Batch(4));
        Assert.Equal(["1: 1", "4: 4"], _recorded.Lines);
    }

    // StoreFollower reports failures where exceptions must not escape.
    [Fact]
    public void Observer_ThrowsBeforeAFailure_ReceivesTheFailureAndLosesTheHistory()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _recorded.ThrowsOnce = true;
        _observer.OnFailure(new EtcdDiscoveryException("away"));

        Assert.Equal(["1: 1", "away"], _recorded.Lines);
        Assert.Throws<HistoryLostException>(() => _observer.OnBatch(Batch(3)));
    }

    [Fact]
    public void Observer_HasThrown_RecoversByARead()
    {
        _observer.OnBatch(Batch(1));
        _observer.OnBatch(Batch(2));
        _recorded.ThrowsOnce = true;
        _clock.Advance(_pause);
        _observer.OnRead(new StoreContents(new StoreRevision(2), []));
        _observer.OnBatch(Batch(3));

        Assert.Equal(["1: 1", "read 2", "3: 3"], _recorded.Lines);
    }

    public void Dispose() => _observer.Dispose();

    private static StoreBatch Batch(params long[] revisions) => new(
        new StoreRevision(revisions[^1]),
        [.. revisions.Select(revision => new StoreEvent(revision.ToString(CultureInfo.InvariantCulture), default, revision))]);

    private sealed class RecordingObserver : IStoreObserver
    {
        public List<string> Lines { get; } = [];

        public bool ThrowsOnce { get; set; }

        public void OnRead(StoreContents contents) => Add($"read {contents.Revision.Number}");

        public void OnBatch(StoreBatch batch) =>
            Add($"{batch.Revision.Number}: {string.Join(' ', batch.Events.Select(change => change.Key))}");

        public void OnFailure(EtcdDiscoveryException error) => Add(error.Message);

        private void Add(string line)
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
