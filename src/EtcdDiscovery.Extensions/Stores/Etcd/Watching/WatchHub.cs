using System.Runtime.CompilerServices;
using EtcdDiscovery.Stores.Etcd.Grpc;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Stores.Etcd.Watching;

/// <summary>All watches of a store, over one stream that is opened for the first of them and again after it has ended.</summary>
internal sealed class WatchHub : IAsyncDisposable
{
    private readonly EtcdClient _client;
    private readonly ILogger<WatchStream> _logger;
    private readonly SemaphoreSlim _gate = new(1, 1);
    private WatchStream? _stream;
    private bool _disposed;

    public WatchHub(EtcdClient client, ILogger<WatchStream> logger)
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
        if (_stream is not null)
        {
            await _stream.DisposeAsync().ConfigureAwait(false);
        }

        _gate.Release();
    }

    private async Task<WatchStream> AttachAsync(WatchSubscription subscription, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(EtcdStore));
            if (_stream is { } stream)
            {
                if (stream.TryAttach(subscription))
                {
                    return stream;
                }

                await stream.DisposeAsync().ConfigureAwait(false);
            }

            await _client.History.ResumeAsync(_client, cancellationToken).ConfigureAwait(false);
            return _stream = new WatchStream(_client, _logger, subscription);
        }
        finally
        {
            _gate.Release();
        }
    }

    // Without a deadline here, an endpoint that accepts and then stays silent would look like a quiet key range.
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
            stream.Abort(GrpcDeadline.Exceeded(_client.RequestTimeout));
        }
    }
}
