using System.Diagnostics.CodeAnalysis;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;
using Etcdserverpb;
using Google.Protobuf;
using Mvccpb;

namespace EtcdDiscovery.Etcd;

/// <summary>Reads ranges of any size page by page, at a single revision.</summary>
[SuppressMessage("Design", "CA1001:Types that own disposable fields should be disposable", Justification = "The semaphore never allocates a handle.")]
internal sealed class EtcdReader
{
    private const int PageSize = 1_000;
    private const int MaxAttempts = 3;

    // The memory limit of one read. It is enough for a million instances, more than any service has.
    private const long MaxSize = 512 * 1024 * 1024;

    // The overhead of an entry, in addition to its key and value.
    private const int EntrySize = 256;

    // If a process queries a thousand services at once, unlimited concurrent reads would all be late, and the endpoint would be blamed.
    private const int MaxConcurrentReads = 16;

    private readonly EtcdClient _client;
    private readonly SemaphoreSlim _turns = new(MaxConcurrentReads, MaxConcurrentReads);

    public EtcdReader(EtcdClient client) => _client = client;

    public async Task<StoreContents> ReadAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await ReadLimit.ApplyAsync(
                _client.RequestTimeout, _client.TimeProvider, token => ReadInTurnAsync(ranges, token), cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _turns.Release();
        }
    }

    private async Task<StoreContents> ReadInTurnAsync(IReadOnlyList<StoreRange> ranges, CancellationToken cancellationToken)
    {
        var pageSize = PageSize;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ReadOnceAsync(ranges, pageSize, cancellationToken).ConfigureAwait(false);
            }
            catch (ResponseTooLargeException) when (pageSize > 1)
            {
                // Large values made the page too long for one response, so retry with smaller pages.
                pageSize /= 10;
                attempt--;
            }
            catch (HistoryLostException e)
            {
                // The history was compacted between two pages. All attempts can fail only if the store is compacted continually.
                if (attempt == MaxAttempts)
                {
                    throw new EtcdDiscoveryException(
                        $"The read failed {attempt} times, because etcd compacted its history during the read.", isTransient: true, e);
                }
            }
        }
    }

    private async Task<StoreContents> ReadOnceAsync(
        IReadOnlyList<StoreRange> ranges, int pageSize, CancellationToken cancellationToken)
    {
        var pairs = new List<KeyValue>();
        StoreRevision? revision = null;
        foreach (var chunk in ranges.Chunk(EtcdClient.MaxTxnOperations))
        {
            // One transaction reads the first page of every range: one round trip, one revision.
            var requests = Array.ConvertAll(chunk, range => FirstPage(range, pageSize, revision?.Number ?? 0));
            var request = new TxnRequest();
            foreach (var range in requests)
            {
                request.Success.Add(new RequestOp { RequestRange = range });
            }

            var response = await _client.CallAsync(
                (etcd, options) => etcd.KV.TxnAsync(request, options),
                cancellationToken,
                () => EtcdErrors.DescribeAccess("read", chunk.Select(range => range.Key))).ConfigureAwait(false);
            revision ??= _client.History.ToRevision(response.Header);
            if (response.Responses.Count != requests.Length)
            {
                throw EtcdErrors.ProtocolViolation($"{response.Responses.Count} answers to {requests.Length} requests");
            }

            for (var i = 0; i < requests.Length; i++)
            {
                requests[i].Revision = revision.Value.Number;
                var page = response.Responses[i].ResponseRange ?? throw EtcdErrors.ProtocolViolation("an answer without the requested range");
                await ReadRestAsync(requests[i], page, pairs, cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        if (pairs.MaxBy(pair => pair.ModRevision) is { } latest)
        {
            _client.History.Note(latest.Key, latest.ModRevision);
        }

        return new StoreContents(revision ?? default, ToEntries(pairs, mayOverlap: ranges.Count > 1));
    }

    private async Task ReadRestAsync(
        RangeRequest request, RangeResponse page, List<KeyValue> pairs, CancellationToken cancellationToken)
    {
        var size = Add(page, request, pairs);
        while (page.More)
        {
            request.Key = FirstKeyAfter(page.Kvs[^1].Key);
            page = await _client.CallAsync((etcd, options) => etcd.KV.RangeAsync(request, options), cancellationToken).ConfigureAwait(false);
            size += Add(page, request, pairs);
            if (size > MaxSize)
            {
                throw new EtcdDiscoveryException(
                    $"The entries below '{LogSanitizer.Sanitize(request.Key.ToStringUtf8())}' exceed the limit of {MaxSize} bytes.",
                    isTransient: false);
            }
        }
    }

    // Verifies that pages advance, because reading from a faulty server might otherwise never end. Callers also rely on the order.
    private static long Add(RangeResponse page, RangeRequest request, List<KeyValue> pairs)
    {
        var last = request.Key;
        for (var i = 0; i < page.Kvs.Count; i++)
        {
            var order = page.Kvs[i].Key.Span.SequenceCompareTo(last.Span);
            if (order < 0 || (order == 0 && i > 0))
            {
                throw EtcdErrors.ProtocolViolation("entries out of order");
            }

            last = page.Kvs[i].Key;
        }

        var isInRange = request.RangeEnd.IsEmpty ? last == request.Key : last.Span.SequenceCompareTo(request.RangeEnd.Span) < 0;
        if (!isInRange || (page.More && page.Kvs.Count == 0))
        {
            throw EtcdErrors.ProtocolViolation("entries that were not requested");
        }

        pairs.AddRange(page.Kvs);
        return page.Kvs.Sum(pair => (long)EntrySize + pair.Key.Length + pair.Value.Length);
    }

    private static RangeRequest FirstPage(StoreRange range, int pageSize, long revision) => new()
    {
        Key = ByteString.CopyFromUtf8(range.Key),
        RangeEnd = EtcdConvert.EndOf(range),
        Limit = pageSize,
        Revision = revision,
    };

    private static ByteString FirstKeyAfter(ByteString key) => ByteString.CopyFrom([.. key.Span, 0]);

    private static StoreEntry[] ToEntries(List<KeyValue> pairs, bool mayOverlap)
    {
        // Each range is in order. Several ranges have to be merged, and may have keys in common.
        if (!mayOverlap)
        {
            return [.. pairs.Select(EtcdConvert.ToEntry)];
        }

        pairs.Sort(static (a, b) => a.Key.Span.SequenceCompareTo(b.Key.Span));
        return [.. pairs.Where((pair, i) => i == 0 || pair.Key != pairs[i - 1].Key).Select(EtcdConvert.ToEntry)];
    }
}
