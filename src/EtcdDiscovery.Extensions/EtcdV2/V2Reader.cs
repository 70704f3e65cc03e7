using System.Text;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Reads ranges, each with its own requests.</summary>
internal static class V2Reader
{
    // Other processes can create any number of nested directories. No service needs this many.
    private const int MaxDirectories = 32;

    // The size limit of one range, over all directories.
    private const long MaxSize = 64 * 1024 * 1024;

    public static async Task<StoreContents> ReadAsync(
        V2Client client, IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var reads = await ReadLimit.ApplyAsync(
            client.RequestTimeout,
            client.TimeProvider,
            token => Task.WhenAll(ranges.Select(range => ReadAsync(client, range, token))),
            cancellationToken).ConfigureAwait(false);
        // Ranges may overlap, and etcd's responses are not sorted.
        var entries = new Dictionary<string, StoreEntry>(StringComparer.Ordinal);
        foreach (var entry in reads.SelectMany(read => read.Entries))
        {
            entries[entry.Key] = entry;
        }

        // The ranges were read at different revisions; only the smallest one covers all of them.
        var revision = reads.Length > 0 ? reads.MinBy(read => read.Revision.Number).Revision : default;
        return new StoreContents(revision, [.. entries.Values.OrderBy(entry => entry.Key, Utf8Order.Instance)]);
    }

    /// <summary>The value's bytes. In v2, values are text.</summary>
    public static ReadOnlyMemory<byte> ValueOf(V2Node node) => Encoding.UTF8.GetBytes(node.Value ?? "");

    /// <summary>
    /// Reads one range. Subdirectories are read one by one, because the response to a recursive read could have any size.
    /// </summary>
    private static async Task<(StoreRevision Revision, List<StoreEntry> Entries)> ReadAsync(
        V2Client client, StoreRange range, CancellationToken cancellationToken)
    {
        var answer = await client.CallAsync(V2Request.Read(range), cancellationToken).ConfigureAwait(false);
        var revision = answer.Revision;
        var entries = new List<StoreEntry>();
        var directories = new Queue<string>();
        for (var read = 1; ; read++)
        {
            if (!answer.IsKeyMissing)
            {
                Collect(answer.Node, range, entries, directories);
                if (entries.Sum(entry => (long)entry.Key.Length + entry.Value.Length) > MaxSize)
                {
                    throw new EtcdDiscoveryException(
                        $"The entries below '{LogSanitizer.Sanitize(range.Key)}' exceed the limit of {MaxSize} bytes.");
                }
            }

            if (read >= MaxDirectories || !directories.TryDequeue(out var directory))
            {
                return (revision, entries);
            }

            answer = await client.CallAsync(V2Request.Read(StoreRange.Exact(directory)), cancellationToken).ConfigureAwait(false);
        }
    }

    private static void Collect(V2Node node, StoreRange range, List<StoreEntry> entries, Queue<string> directories)
    {
        // A read of one key does not include the keys below it.
        V2Node?[] found = !node.Dir ? [node] : range.IsPrefix ? [.. node.Nodes ?? []] : [];
        foreach (var child in found.OfType<V2Node>())
        {
            if (!child.Dir && range.Contains(child.Key))
            {
                entries.Add(new StoreEntry(child.Key, ValueOf(child), child.ModifiedIndex));
            }
            else if (child.Dir && directories.Count < MaxDirectories && range.Contains(child.Key + "/"))
            {
                directories.Enqueue(child.Key);
            }
        }
    }
}
