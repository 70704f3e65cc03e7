using System.Runtime.CompilerServices;
using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>
/// Multiplexes all watches of a store over one stream, which is opened for the first watch and reopened after it has ended.
/// </summary>
internal sealed class WatchHub : IAsyncDisposable
{
    private readonly EtcdClient _client;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly List<WatchStream> _retired = [];
    private WatchStream? _stream;
    private bool _disposed;

    public WatchHub(EtcdClient client, ILogger logger)
    {
        _client = client;
        _logger = logger;
    }

    public async IAsyncEnumerable<StoreBatch> WatchAsync(
        IReadOnlyList<StoreRange> ranges,
        StoreRevision after,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var subscription = new WatchSubscription(ranges, after);
        var stream = await AttachAsync(subscription, cancellationToken).ConfigureAwait(false);
        try
        {
            await WaitUntilCreatedAsync(subscription, stream, cancellationToken).ConfigureAwait(false);
            if (subscription.Failure is not null and not HistoryLostException && _client.HasUser)
            {
                await CheckPermissionAsync(subscription, cancellationToken).ConfigureAwait(false);
            }

            await foreach (var batch in subscription.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return batch;
            }
        }
        finally
        {
            stream.Detach(subscription);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync().ConfigureAwait(false);
        _disposed = true;
        foreach (var stream in _stream is null ? _retired : [_stream, .. _retired])
        {
            await stream.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Release();
    }

    private async Task<WatchStream> AttachAsync(WatchSubscription subscription, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(EtcdStore));
            var token = await _client.AuthenticateAsync(cancellationToken).ConfigureAwait(false);
            if (_stream is { } stream)
            {
                if (stream.Token == token && stream.TryAttach(subscription))
                {
                    return stream;
                }

                await LeaveAsync(stream).ConfigureAwait(false);
            }

            await _client.History.ResumeAsync(_client, cancellationToken).ConfigureAwait(false);
            return _stream = new WatchStream(_client, _logger, subscription);
        }
        finally
        {
            _gate.Release();
        }
    }

    // A stream keeps the token that it was opened with, and etcd checks the token only when a watch is created. So existing watches can
    // stay on the old stream, which ends with the last of them.
    private async Task LeaveAsync(WatchStream stream)
    {
        stream.Retire();
        _retired.Add(stream);
        foreach (var ended in _retired.Where(retired => retired.HasEnded).ToList())
        {
            _retired.Remove(ended);
            await ended.DisposeAsync().ConfigureAwait(false);
        }
    }

    // Etcd 3.4 reports "permission denied" even if the token has merely expired. A read distinguishes the two cases, and renews the token.
    private async Task CheckPermissionAsync(WatchSubscription subscription, CancellationToken cancellationToken)
    {
        foreach (var range in subscription.Ranges)
        {
            var request = new RangeRequest
            {
                Key = ByteString.CopyFromUtf8(range.Key),
                RangeEnd = EtcdConvert.EndOf(range),
                Limit = 1,
            };
            await _client.CallAsync(
                (etcd, options) => etcd.KV.RangeAsync(request, options),
                cancellationToken,
                () => EtcdErrors.DescribeAccess("read", [range.Key])).ConfigureAwait(false);
        }

        throw new EtcdDiscoveryException(subscription.Failure!.Message, isTransient: true, subscription.Failure);
    }

    // Without a deadline, an unresponsive endpoint would look like a range without changes.
    private async Task WaitUntilCreatedAsync(
        WatchSubscription subscription, WatchStream stream, CancellationToken cancellationToken)
    {
        try
        {
            await subscription.Created.WaitAsync(_client.RequestTimeout, _client.TimeProvider, cancellationToken)
                .ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            stream.Abort(CallDeadline.Exceeded(_client.RequestTimeout));
        }
    }
}
