using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Stores;

/// <summary>A follower keeps following the store even if its observer throws.</summary>
public sealed class StoreFollowerTests
{
    [Fact]
    public async Task Observer_AlwaysThrows_IsNotifiedAgainUntilItSucceeds()
    {
        await using var store = new CountingStore(new InMemoryDiscoveryStore()) { Failure = new EtcdDiscoveryException("away", isTransient: true) };
        var observer = new BrokenObserver();
        await using var follower = new StoreFollower(store, [StoreRange.Prefix("/")], TestCatalog.Quick, TimeProvider.System, observer);

        follower.Start();
        await Eventually.TrueAsync(() => Task.FromResult(observer.Failures >= 2), "the failure is reported again");
        store.Failure = null;
        await Eventually.TrueAsync(() => Task.FromResult(observer.Reads >= 2), "the contents are reported again");
        observer.IsBroken = false;

        await Eventually.TrueAsync(() => Task.FromResult(observer.Batches > 0), "the watch is open");
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
