using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>Detects whether a quiet watch stream is still alive.</summary>
/// <remarks>
/// A frozen member keeps its connections, so the probe requests the progress of the stream; any response proves that it is alive. Etcd's
/// grpc-proxy does not answer that request. So before the connection is closed, which the lease uses too, a read checks the member, within
/// the same time limit.
/// </remarks>
internal sealed class WatchLivenessProbe(EtcdClient client, string endpoint)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private volatile TaskCompletionSource _responded = Promise.New();
    private volatile bool _supportsProgress;

    /// <summary>Notes a response on the stream.</summary>
    public void OnResponse(bool isProgress)
    {
        if (isProgress && !_supportsProgress)
        {
            _supportsProgress = true;
            client.NoteProgress(endpoint);
        }

        _responded.TrySetResult();
    }

    /// <summary>Probes until the stream ends or fails.</summary>
    /// <param name="ask">
    /// Requests the progress of the stream if the argument is true; returns a watched range, or null if there is none.
    /// </param>
    /// <param name="ending">Cancelled when the stream ends.</param>
    /// <returns>Why the stream has to be closed.</returns>
    public async Task<EtcdCallException> RunAsync(Func<bool, StoreRange?> ask, CancellationToken ending)
    {
        while (true)
        {
            await Task.Delay(Interval, client.TimeProvider, ending).ConfigureAwait(false);
            var supportsProgress = client.SupportsProgress(endpoint);
            if (!supportsProgress && _responded.Task.IsCompleted)
            {
                _responded = Promise.New();
                continue;
            }

            var signal = _responded = Promise.New();
            if (ask(supportsProgress) is { } watched
                && await FindFaultAsync(watched, supportsProgress, signal.Task, ending).ConfigureAwait(false) is { } fault)
            {
                return fault;
            }
        }
    }

    private async Task<EtcdCallException?> FindFaultAsync(StoreRange watched, bool asked, Task answer, CancellationToken ending)
    {
        // The other half of the time is for the read.
        var half = client.RequestTimeout / 2;
        if (asked)
        {
            await ((Task)answer.WaitAsync(half, client.TimeProvider, ending)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (answer.IsCompleted)
        {
            return null;
        }

        using var timeout = new LinkedTimeout(half, client.TimeProvider, ending);
        try
        {
            var request = new RangeRequest { Key = ByteString.CopyFromUtf8(watched.Key), Limit = 1, KeysOnly = true };
            await client.CallAsync((etcd, options) => etcd.KV.RangeAsync(request, options), timeout.Token).ConfigureAwait(false);
        }
        catch (EtcdDiscoveryException)
        {
            // The member answered with an error, or its endpoint has been left, which ends the stream.
            return null;
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            return CallDeadline.Exceeded(client.RequestTimeout);
        }

        return asked && !answer.IsCompleted ? OnSilence() : null;
    }

    // Called if the member answers reads, but not on this stream.
    private EtcdCallException? OnSilence()
    {
        if (_supportsProgress)
        {
            // Only the stream is lost. It is reopened on the same connection.
            return new(StatusCode.Aborted, "the watch stream is silent, although etcd answers") { IsAnswer = true };
        }

        client.NoteWithoutProgress(endpoint);
        return null;
    }
}
