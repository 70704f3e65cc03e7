using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>What docs/design.md shows of the waist, so that it compiles; SnippetTests runs it.</summary>
internal static class StoreSnippets
{
    public static async Task<List<string>> FollowAsync(IDiscoveryStore store, CancellationToken cancellationToken)
    {
        var seen = new List<string>();

        // Put two entries under a session: both, or none when the key of the first exists already.
        await using IDiscoverySession session = await store.OpenSessionAsync(TimeSpan.FromSeconds(30), cancellationToken);
        StoreRevision? written = await session.TryPutAsync(
            [
                new StorePut("/example/a", "1"u8.ToArray()) { ExpectedRevision = 0 },
                new StorePut("/example/b", "2"u8.ToArray()),
            ],
            cancellationToken);

        // Read the range, then follow it from the revision of the read.
        StoreRange[] ranges = [StoreRange.Prefix("/example/")];
        StoreContents contents = await store.ReadAsync(ranges, cancellationToken);
        foreach (StoreEntry entry in contents.Entries)
        {
            seen.Add($"{entry.Key} = {Encoding.UTF8.GetString(entry.Value.Span)}");
        }

        await session.DeleteAsync(["/example/a"], cancellationToken);
        await foreach (StoreBatch batch in store.WatchAsync(ranges, contents.Revision, cancellationToken))
        {
            foreach (StoreEvent change in batch.Events)
            {
                seen.Add($"{change.Key} {(change.Value is null ? "is gone" : "was put")}");
            }

            if (batch.Events.Count > 0)
            {
                break;
            }
        }

        return written is null ? [] : seen;
    }
}
