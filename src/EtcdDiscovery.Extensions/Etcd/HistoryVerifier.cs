using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Etcd;

/// <summary>Tells whether revisions still belong to the history that etcd has now.</summary>
/// <remarks>
/// An etcd that was wiped or restored keeps its cluster id, and soon has revisions as high as the lost ones. So the latest
/// change that was seen is remembered, and looked up when watching begins again after an interruption: if it did not
/// happen, all revisions from before mean nothing any more.
/// </remarks>
internal sealed class HistoryVerifier
{
    private readonly Lock _changing = new();
    private (ByteString Key, long Revision)? _latest;
    private bool _interrupted;
    private ulong _rewrites;

    /// <summary>A revision that differs from all those of a history that is lost.</summary>
    /// <exception cref="EtcdDiscoveryException">There is no header.</exception>
    public StoreRevision ToRevision(ResponseHeader? header) => header is null
        ? throw EtcdErrors.ProtocolViolation("without a revision")
        : new(header.Revision, IdOf(header));

    public ulong IdOf(ResponseHeader header) => header.ClusterId + Interlocked.Read(ref _rewrites);

    /// <summary>A key was seen with a value, or put.</summary>
    public void Note(ByteString key, long revision)
    {
        lock (_changing)
        {
            // What is seen during an interruption may belong to another history already.
            if (!_interrupted && !(revision <= _latest?.Revision))
            {
                _latest = (key, revision);
            }
        }
    }

    /// <summary>Changes are not seen any more.</summary>
    public void Interrupt()
    {
        lock (_changing)
        {
            _interrupted = true;
        }
    }

    /// <summary>Changes will be seen again: makes sure that they go on from those seen before.</summary>
    public async Task ResumeAsync(EtcdClient client, CancellationToken cancellationToken)
    {
        if (!_interrupted)
        {
            return;
        }

        var isSame = await HasLatestAsync(client, cancellationToken).ConfigureAwait(false);
        lock (_changing)
        {
            _interrupted = false;
            if (!isSame)
            {
                _latest = null;
                Interlocked.Increment(ref _rewrites);
            }
        }
    }

    private async Task<bool> HasLatestAsync(EtcdClient client, CancellationToken cancellationToken)
    {
        if (_latest is not var (key, revision))
        {
            return false;
        }

        try
        {
            var request = new RangeRequest { Key = key, Revision = revision };
            var response = await client.CallAsync((etcd, options) => etcd.KV.RangeAsync(request, options), cancellationToken).ConfigureAwait(false);
            return response.Kvs is [var pair] && pair.ModRevision == revision;
        }
        catch (EtcdDiscoveryException error) when (error is HistoryLostException || !error.IsTransient)
        {
            // Gone, or not ours to read any more: either way nothing can be told, and reading again is always right.
            return false;
        }
    }
}
