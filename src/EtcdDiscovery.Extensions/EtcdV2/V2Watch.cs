using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>One enumeration of changes: a chain of polls for each range, merged into one sequence.</summary>
internal sealed class V2Watch
{
    // When a chain is this many changes ahead of the reader, it waits for the reader. Etcd keeps the last 1000 changes.
    private const int MaxWaiting = 64;

    // Etcd reports changes from before the start of a poll at once. If a poll gets no response for this long, there were none.
    private static readonly TimeSpan QuietPeriod = TimeSpan.FromSeconds(1);

    private readonly V2Client _client;
    private readonly IReadOnlyList<StoreRange> _ranges;
    private readonly StoreRevision _after;
    private readonly Channel<RangeUpdate> _updates = Channel.CreateBounded<RangeUpdate>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });

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
            await foreach (var (range, revision, change) in _updates.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                // Polls advance independently, so the reader may resume only from the revision that all of them have reached.
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

    /// <summary>Polls one range repeatedly. If polling fails, the reader gets the failure after all earlier changes.</summary>
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
                    await ReportAsync(new RangeUpdate(range, _after with { ClusterId = poll.Revision.ClusterId }, null)).ConfigureAwait(false);
                }

                if (await poll.ReadAsync(cancellationToken).ConfigureAwait(false) is not { } document)
                {
                    after = poll.Age >= QuietPeriod ? Math.Max(after, poll.Revision.Number) : throw Ended(_ranges[range]);
                    continue;
                }

                var change = V2Change.Of(document, _ranges[range], after);
                after = document.Node!.ModifiedIndex;
                if (change is not null)
                {
                    await ReportAsync(new RangeUpdate(range, poll.Revision with { Number = after }, change)).ConfigureAwait(false);
                }
            }
        }
        catch (Exception e)
        {
            _updates.Writer.TryComplete(e);
        }

        async Task ReportAsync(RangeUpdate update) => await _updates.Writer.WriteAsync(update, cancellationToken).ConfigureAwait(false);
    }

    private async Task<V2Poll> OpenAsync(StoreRange range, long after, CancellationToken cancellationToken)
    {
        var poll = await _client.PollAsync(range, after + 1, cancellationToken).ConfigureAwait(false);
        HistoryLostException? lost = null;
        if (_after.ClusterId != 0 && poll.Revision.ClusterId != _after.ClusterId)
        {
            lost = new HistoryLostException("The endpoint now belongs to another etcd cluster.");
        }
        else if (poll.Revision.Number < after)
        {
            // A poll from a future index stays silent. The index is in the future if etcd was wiped or restored, or briefly if this member
            // lags behind. Reading again solves both cases.
            lost = new HistoryLostException($"Etcd returned to an earlier state: its index was {after} and is now {poll.Revision.Number}.");
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

    /// <param name="Range">The index of the range.</param>
    /// <param name="Revision">The revision that the range has reached.</param>
    /// <param name="Change">The change; null if the first poll has been accepted.</param>
    private readonly record struct RangeUpdate(int Range, StoreRevision Revision, StoreEvent? Change);
}
