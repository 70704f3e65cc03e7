using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>Finds out whether a quiet watch stream still lives.</summary>
/// <remarks>
/// A frozen member keeps its connections, so a stream is asked for its progress, which any response answers. Etcd's grpc-proxy
/// never answers that: the member is asked by a read then, in the same time, before the connection is blamed, as the lease uses it too.
/// </remarks>
internal sealed class WatchLivenessProbe(EtcdClient client, string endpoint)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    private volatile TaskCompletionSource _heard = Promise.New();
    private volatile bool _tellsProgress;

    /// <summary>The stream has told something.</summary>
    public void OnResponse(bool isProgress)
    {
        if (isProgress && !_tellsProgress)
        {
            _tellsProgress = true;
            client.NoteProgress(endpoint);
        }

        _heard.TrySetResult();
    }

    /// <summary>Asks as long as the stream lives.</summary>
    /// <param name="ask">Asks the stream, for its progress if it is of use; returns what is watched, or null when nothing is.</param>
    /// <param name="ending">Cancelled when the stream ends.</param>
    /// <returns>Why the stream has to be given up.</returns>
    public async Task<EtcdCallException> RunAsync(Func<bool, StoreRange?> ask, CancellationToken ending)
    {
        while (true)
        {
            await Task.Delay(Interval, client.TimeProvider, ending).ConfigureAwait(false);
            var tellsProgress = client.TellsProgress(endpoint);
            if (!tellsProgress && _heard.Task.IsCompleted)
            {
                _heard = Promise.New();
                continue;
            }

            var signal = _heard = Promise.New();
            if (ask(tellsProgress) is { } watched
                && await FindFaultAsync(watched, tellsProgress, signal.Task, ending).ConfigureAwait(false) is { } fault)
            {
                return fault;
            }
        }
    }

    private async Task<EtcdCallException?> FindFaultAsync(StoreRange watched, bool asked, Task answer, CancellationToken ending)
    {
        // The other half is for the read.
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
            // Either the member lives and refuses, or it has been left already, and the stream with it.
            return null;
        }
        catch (OperationCanceledException) when (timeout.HasExpired)
        {
            return CallDeadline.Exceeded(client.RequestTimeout);
        }

        return asked && !answer.IsCompleted ? OnSilence() : null;
    }

    // The member answers, but not on this stream.
    private EtcdCallException? OnSilence()
    {
        if (_tellsProgress)
        {
            // Only the stream is lost: it is opened again on the same connection.
            return new(StatusCode.Aborted, "the watch stream is silent, although etcd answers") { IsAnswer = true };
        }

        client.NoteWithoutProgress(endpoint);
        return null;
    }
}
