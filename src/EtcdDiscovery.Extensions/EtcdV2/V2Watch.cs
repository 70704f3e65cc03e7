using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>One enumeration of changes: a chain of polls for each range, told of one after another.</summary>
internal sealed class V2Watch
{
    // A chain that is this far ahead of its reader waits for it; etcd keeps the last 1000 changes.
    private const int MaxWaiting = 64;

    // Whatever had happened before a poll began is told at once. One that stood for this long had nothing to tell.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private readonly V2Client _client;
    private readonly IReadOnlyList<StoreRange> _ranges;
    private readonly StoreRevision _after;
    private readonly Channel<News> _news = Channel.CreateBounded<News>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

    private V2Watch(V2Client client, IReadOnlyList<StoreRange> ranges, StoreRevision after) =>
        (_client, _ranges, _after) = (client, ranges, after);

    public static IAsyncEnumerable<StoreBatch> RunAsync(
        V2Client client, IReadOnlyList<StoreRange> ranges, StoreRevision after, CancellationToken cancellationToken) =>
        new V2Watch(client, ranges, after).RunAsync(cancellationToken);

    private async IAsyncEnumerable<StoreBatch> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var following = Enumerable.Range(0, _ranges.Count).Select(range => FollowAsync(range, ending.Token)).ToList();
        try
        {
            var reached = new long[_ranges.Count];
            Array.Fill(reached, _after.Number);
            var missing = _ranges.Count;
            await foreach (var (range, revision, change) in _news.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                // Polls advance independently, so the reader may resume only from what all of them have reached.
                reached[range] = Math.Max(reached[range], revision.Number);
                if (change is not null || --missing == 0)
                {
                    yield return new StoreBatch(revision with { Number = reached.Min() }, change is { } seen ? [seen] : []);
                }
            }
        }
        finally
        {
            await ending.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(following).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>Polls one range again and again. A failure is told to the reader, after what was seen before it.</summary>
    private async Task FollowAsync(int range, CancellationToken cancellationToken)
    {
        try
        {
            var after = _after.Number;
            for (var isFirst = true; ; isFirst = false)
            {
                using var poll = await OpenAsync(_ranges[range], after, cancellationToken).ConfigureAwait(false);
                if (isFirst)
                {
                    await TellAsync(new News(range, _after with { ClusterId = poll.Revision.ClusterId }, null)).ConfigureAwait(false);
                }

                if (await poll.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } document)
                {
                    after = poll.Age >= Settled ? Math.Max(after, poll.Revision.Number) : throw Ended(_ranges[range]);
                    continue;
                }

                var change = V2Change.Of(document, _ranges[range], after);
                after = document.Node!.ModifiedIndex;
                if (change is not null)
                {
                    await TellAsync(new News(range, poll.Revision with { Number = after }, change)).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e)
        {
            _news.Writer.TryComplete(e);
        }

        async Task TellAsync(News news) => await _news.Writer.WriteAsync(news, cancellationToken).ConfigureAwait(false);
    }

    private async Task<V2Poll> OpenAsync(StoreRange range, long after, CancellationToken cancellationToken)
    {
        var poll = await _client.PollAsync(range, after + 1, cancellationToken).ConfigureAwait(false);
        HistoryLostException? lost = null;
        if (_after.ClusterId != 0 && poll.Revision.ClusterId != _after.ClusterId)
        {
            lost = new HistoryLostException("Etcd is another cluster now.");
        }
        else if (poll.Revision.Number < after)
        {
            // A poll from the future stays silent. It is the future when etcd was wiped or restored, or for a moment on a
            // member that lags behind; reading again puts both right.
            lost = new HistoryLostException($"Etcd went back in time: its index is {poll.Revision.Number}, it was {after}.");
        }

        if (lost is null)
        {
            return poll;
        }

        poll.Dispose();
        throw lost;
    }

    private static EtcdDiscoveryException Ended(StoreRange range) =>
        new($"Etcd ended the watch of {LogSanitizer.Sanitize(range.Key)} without a reason.", isTransient: true);

    /// <param name="Range">Which range advances.</param>
    /// <param name="Revision">How far.</param>
    /// <param name="Change">By what; null when the first poll stands.</param>
    private readonly record struct News(int Range, StoreRevision Revision, StoreEvent? Change);
}
