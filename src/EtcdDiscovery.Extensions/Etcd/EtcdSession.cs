using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;

namespace EtcdDiscovery.Etcd;

/// <summary>A session backed by a lease in etcd.</summary>
internal sealed class EtcdSession : IDiscoverySession
{
    // In seconds. Etcd raises a shorter time to live to 1.5 times its election timeout, which is at most 50 s.
    private const long MaxRaised = 75;

    // Tolerance for other implementations of etcd's protocol that round up.
    private const int MaxRatio = 10;

    private readonly EtcdClient _client;
    private readonly EtcdKeepAlive _keepAlive;
    private readonly long _lease;

    private EtcdSession(EtcdClient client, LeaseGrantResponse granted, TimeSpan grantLatency)
    {
        _client = client;
        _lease = granted.ID;
        TimeToLive = TimeSpan.FromSeconds(granted.TTL);
        _keepAlive = new EtcdKeepAlive(client, granted.ID, TimeToLive, grantLatency);
    }

    public TimeSpan TimeToLive { get; }

    public static async Task<EtcdSession> OpenAsync(
        EtcdClient client, TimeSpan timeToLive, CancellationToken cancellationToken)
    {
        // etcd counts in whole seconds, and never grants less than its election timeout allows.
        var request = new LeaseGrantRequest { TTL = Math.Max(1, (long)Math.Ceiling(timeToLive.TotalSeconds)) };
        var asked = client.TimeProvider.GetTimestamp();
        var granted = await client.CallAsync((etcd, options) => etcd.Lease.LeaseGrantAsync(request, options), cancellationToken).ConfigureAwait(false);
        // Entries under lease 0 would never expire. If the time to live were too long, renewals would be too rare.
        if (granted is { TTL: <= 0 } or { ID: 0 } || granted.TTL > Math.Max(MaxRaised, MaxRatio * request.TTL))
        {
            throw EtcdErrors.ProtocolViolation($"lease {granted.ID} with a time to live of {granted.TTL} s instead of the requested {request.TTL} s");
        }

        return new EtcdSession(client, granted, client.TimeProvider.GetElapsedTime(asked));
    }

    public Task RenewAsync(CancellationToken cancellationToken) => _keepAlive.RenewAsync(cancellationToken);

    public async Task<StoreRevision?> TryPutAsync(IReadOnlyList<StorePut> puts, CancellationToken cancellationToken)
    {
        var request = new TxnRequest();
        foreach (var put in puts)
        {
            var key = ByteString.CopyFromUtf8(put.Key);
            if (put.ExpectedRevision is { } expected)
            {
                request.Compare.Add(HasRevision(key, expected));
            }

            request.Success.Add(new RequestOp
            {
                RequestPut = new PutRequest
                {
                    Key = key,
                    Value = ByteString.CopyFrom(put.Value.Span),
                    Lease = put.IsDurable ? 0 : _lease,
                },
            });
        }

        var response = await _client.CallAsync(
            (etcd, options) => etcd.KV.TxnAsync(request, options),
            cancellationToken,
            () => EtcdErrors.DescribeAccess("read and write", puts.Select(put => PrefixOf(put.Key)))).ConfigureAwait(false);
        if (!response.Succeeded)
        {
            return null;
        }

        var revision = _client.History.ToRevision(response.Header);
        _client.History.Note(request.Success[^1].RequestPut.Key, revision.Number);
        return revision;
    }

    public async Task DeleteAsync(IReadOnlyList<string> keys, CancellationToken cancellationToken)
    {
        foreach (var chunk in keys.Distinct(StringComparer.Ordinal).Chunk(EtcdClient.MaxTxnOperations))
        {
            var request = new TxnRequest();
            foreach (var key in chunk)
            {
                request.Success.Add(new RequestOp { RequestDeleteRange = new() { Key = ByteString.CopyFromUtf8(key) } });
            }

            await _client.CallAsync(
                (etcd, options) => etcd.KV.TxnAsync(request, options),
                cancellationToken,
                () => EtcdErrors.DescribeAccess("write", chunk.Select(PrefixOf))).ConfigureAwait(false);
        }
    }

    public async Task CloseAsync(CancellationToken cancellationToken)
    {
        try
        {
            var request = new LeaseRevokeRequest { ID = _lease };
            await _client.CallAsync((etcd, options) => etcd.Lease.LeaseRevokeAsync(request, options), cancellationToken).ConfigureAwait(false);
        }
        catch (SessionLostException)
        {
            // The lease and its entries are already gone.
        }
    }

    public ValueTask DisposeAsync() => _keepAlive.DisposeAsync();

    private static string PrefixOf(string key) => key[..(key.LastIndexOf('/') + 1)];

    private static Compare HasRevision(ByteString key, long revision) => new()
    {
        Result = Compare.Types.CompareResult.Equal,
        Target = Compare.Types.CompareTarget.Mod,
        Key = key,
        // 0 for a key that does not exist.
        ModRevision = revision,
    };
}
