using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Etcd;

/// <summary>Verifies that revisions still belong to the current history of etcd.</summary>
/// <remarks>
/// An etcd that was wiped or restored keeps its cluster id, and soon reaches the same revisions as before. So the verifier remembers the
/// latest change, and reads it when watches resume after an interruption. If the change is missing, all earlier revisions are invalid.
/// </remarks>
internal sealed class HistoryVerifier
{
    private readonly Lock _changing = new();
    private (ByteString Key, long Revision)? _latest;
    private bool _interrupted;
    private ulong _rewrites;

    /// <summary>Creates a revision that differs from all revisions of histories that were lost.</summary>
    /// <exception cref="EtcdDiscoveryException">There is no header.</exception>
    public StoreRevision ToRevision(ResponseHeader? header) => header is null
        ? throw EtcdErrors.ProtocolViolation("no revision")
        : new(header.Revision, IdOf(header));

    public ulong IdOf(ResponseHeader header) => header.ClusterId + Interlocked.Read(ref _rewrites);

    /// <summary>Notes the revision of a key that was read or put.</summary>
    public void Note(ByteString key, long revision)
    {
        lock (_changing)
        {
            // A change during an interruption may already belong to another history.
            if (!_interrupted && !(revision <= _latest?.Revision))
            {
                _latest = (key, revision);
            }
        }
    }

    /// <summary>Notes that watches were interrupted.</summary>
    public void Interrupt()
    {
        lock (_changing)
        {
            _interrupted = true;
        }
    }

    /// <summary>Verifies, before watches resume, that the history is still the same.</summary>
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
            // The revision is gone, or this user may no longer read it, so the history cannot be verified. Reading everything again is
            // always correct.
            return false;
        }
    }
}
