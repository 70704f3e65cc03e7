using System.Text;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Tests.Documentation;

/// <summary>The snippet of docs/design.md about the store. SnippetTests runs it.</summary>
internal static class StoreSnippets
{
    public static async Task<List<string>> FollowAsync(IDiscoveryStore store, CancellationToken cancellationToken)
    {
        var seen = new List<string>();

        // Put two entries under a session: both, or none if the first key already exists.
        await using IDiscoverySession session = await store.OpenSessionAsync(TimeSpan.FromSeconds(30), cancellationToken);
        StoreRevision? written = await session.TryPutAsync(
            [
                new StorePut("/example/a", "1"u8.ToArray()) { ExpectedRevision = 0 },
                new StorePut("/example/b", "2"u8.ToArray()),
            ],
            cancellationToken);

        // Read the range, then watch it from the revision of the read.
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
                seen.Add($"{change.Key} {(change.Value is null ? "was deleted" : "was put")}");
            }

            if (batch.Events.Count > 0)
            {
                break;
            }
        }

        return written is null ? [] : seen;
    }
}
