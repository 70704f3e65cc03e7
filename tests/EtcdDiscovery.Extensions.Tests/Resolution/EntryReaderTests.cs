using EtcdDiscovery.Resolution;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>What batches of changes make of a snapshot.</summary>
public sealed class EntryReaderTests
{
    private const string Service = "shop";

    [Theory]
    [InlineData("h", 0)]
    [InlineData("elsewhere", 1)]
    public void Instance_DeletedAndPutInOneBatch_HasChangedOnlyIfItIsAnother(string hostname, int changes)
    {
        var reader = new EntryReader(Service, NullLogger<EntryReader>.Instance);
        var put = TestCatalog.Put(Service, "a");
        var before = reader.Read(
            CatalogSnapshot.Nothing, new StoreContents(new StoreRevision(1), [new StoreEntry(put.Key, put.Value, 1)]), doubt: false).Snapshot;
        var again = TestCatalog.Put(Service, "a", hostname: hostname);

        var update = reader.Apply(
            before,
            new StoreBatch(new StoreRevision(3), [new StoreEvent(put.Key, null, 2), new StoreEvent(put.Key, again.Value, 3)]),
            new LossLimit(TimeSpan.Zero, TimeProvider.System));

        Assert.Equal(changes, update!.Changes.Count);
        Assert.Equal(changes == 0, ReferenceEquals(before.Instances[0], update.Snapshot.Instances[0]));
    }
}
