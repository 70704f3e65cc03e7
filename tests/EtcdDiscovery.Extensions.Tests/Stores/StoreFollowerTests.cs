using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>What follows a store goes on whatever its observer does.</summary>
public sealed class StoreFollowerTests
{
    [Fact]
    public async Task Observer_ThatThrowsWhateverItIsTold_IsToldAgainUntilItTakesIt()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Failure = new EtcdDiscoveryException("away", isTransient: true) };
        var observer = new BrokenObserver();
        await using var follower = new StoreFollower(store, [StoreRange.Prefix("/")], TestCatalog.Quick, TimeProvider.System, observer);

        follower.Start();
        await Eventually.TrueAsync(() => Task.FromResult(observer.Failures >= 2), "it is told of the failure again");
        store.Failure = null;
        await Eventually.TrueAsync(() => Task.FromResult(observer.Reads >= 2), "it is told again what was read");
        observer.IsBroken = false;

        await Eventually.TrueAsync(() => Task.FromResult(observer.Batches > 0), "the watch stands");
    }

    private sealed class BrokenObserver : IStoreObserver
    {
        public volatile bool IsBroken = true;
        public volatile int Failures;
        public volatile int Reads;
        public volatile int Batches;

        public void OnRead(StoreContents contents)
        {
            Reads++;
            ThrowIfBroken(new EtcdDiscoveryException("broken", isTransient: true));
        }

        public void OnBatch(StoreBatch batch) => Batches++;

        public void OnFailure(EtcdDiscoveryException error)
        {
            Failures++;
            ThrowIfBroken(new NotSupportedException("broken"));
        }

        private void ThrowIfBroken(Exception failure)
        {
            if (IsBroken)
            {
                throw failure;
            }
        }
    }
}
