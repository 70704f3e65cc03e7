using System.Text;
using EtcdDiscovery.Model;

namespace EtcdDiscovery.Stores.EtcdV2;

/// <summary>Reads ranges: a directory, or one key, each by a request of its own.</summary>
internal static class V2Reader
{
    public static async Task<StoreContents> ReadAsync(
        V2Client client, IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var answers = await Task.WhenAll(ranges.Select(range => client.CallAsync(V2Request.Read(range), cancellationToken)))
            .ConfigureAwait(false);
        var entries = new SortedList<string, StoreEntry>(Utf8Order.Instance);
        for (var i = 0; i < ranges.Count; i++)
        {
            if (!answers[i].IsKeyMissing)
            {
                Collect(answers[i].Node, ranges[i], entries);
            }
        }

        // Read one by one, so what is certain of all of them is what the first one saw.
        var revision = answers.Length > 0 ? answers.MinBy(answer => answer.Revision.Number)!.Revision : default;
        return new StoreContents(revision, [.. entries.Values]);
    }

    /// <summary>The value's bytes; v2 knows only text.</summary>
    public static ReadOnlyMemory<byte> ValueOf(V2Node node) => Encoding.UTF8.GetBytes(node.Value ?? "");

    private static void Collect(V2Node node, StoreRange range, SortedList<string, StoreEntry> entries)
    {
        if (!node.Dir)
        {
            if (range.Contains(node.Key))
            {
                entries[node.Key] = new StoreEntry(node.Key, ValueOf(node), node.ModifiedIndex);
            }
        }
        else if (range.IsPrefix)
        {
            // Whoever asks for one key does not mean what stands below it.
            foreach (var child in node.Nodes ?? [])
            {
                Collect(child, range, entries);
            }
        }
    }
}
