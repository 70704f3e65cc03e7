using EtcdDiscovery.Resolution;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Infrastructure;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>How batches of changes modify a snapshot.</summary>
public sealed class EntryReaderTests
{
    private const string Service = "shop";

    [Theory]
    [InlineData("h", 0)]
    [InlineData("elsewhere", 1)]
    public void Instance_DeletedAndPutInOneBatch_HasChangedOnlyIfItDiffers(string hostname, int changes)
    {
        var reader = new EntryReader(Service, NullLogger.Instance);
        var put = TestCatalog.Put(Service, "a");
        var before = reader.Read(
            ServiceView.Empty, new StoreContents(new StoreRevision(1), [new StoreEntry(put.Key, put.Value, 1)]), keepVanished: false).View;
        var again = TestCatalog.Put(Service, "a", hostname: hostname);

        var update = reader.Apply(
            before,
            new StoreBatch(new StoreRevision(3), [new StoreEvent(put.Key, null, 2), new StoreEvent(put.Key, again.Value, 3)]),
            new SelfPreservation(TimeSpan.Zero, TimeProvider.System));

        Assert.Equal(changes, update!.Changes.Count);
        Assert.Equal(changes == 0, ReferenceEquals(before.Instances[0], update.View.Instances[0]));
    }

    [Fact]
    public void Entries_ManyUnreadable_AreCountedWithoutFloodingTheLog()
    {
        using var logs = new LogCapture();
        using var factory = LoggerFactory.Create(builder => builder.AddProvider(logs));
        var reader = new EntryReader(Service, factory.CreateLogger("EtcdDiscovery.Resolution"));
        var before = reader.Read(
            ServiceView.Empty, new StoreContents(new StoreRevision(1), [.. Unreadable(0, 500, 1)]), keepVanished: false).View;
        Assert.Equal((500, EntryReader.MaxLogged), (reader.UnreadableCount, logs.Lines.Count));

        var events = Unreadable(500, 1_000, 2).Select(entry => new StoreEvent(entry.Key, entry.Value, 2));
        reader.Apply(before, new StoreBatch(new StoreRevision(2), [.. events]), new SelfPreservation(TimeSpan.Zero, TimeProvider.System));
        Assert.Equal((1_000, EntryReader.MaxLogged), (reader.UnreadableCount, logs.Lines.Count));

        // Entries that are new at the next read are logged again.
        reader.Read(before, new StoreContents(new StoreRevision(3), [.. Unreadable(0, 1_001, 3)]), keepVanished: false);
        Assert.Equal((1_001, EntryReader.MaxLogged + 1), (reader.UnreadableCount, logs.Lines.Count));
    }

    private static IEnumerable<StoreEntry> Unreadable(int from, int to, long revision) => Enumerable
        .Range(from, to - from).Select(i => new StoreEntry($"/services/{Service}/{i:d4}", "{"u8.ToArray(), revision));
}
