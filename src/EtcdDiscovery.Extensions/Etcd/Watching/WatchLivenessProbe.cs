using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Grpc.Core;

namespace EtcdDiscovery.Etcd.Watching;

/// <summary>Detects whether a quiet watch stream is still alive.</summary>
/// <remarks>
/// A frozen member keeps its connections open, so the probe requests the progress of the stream; any response proves that the stream is
/// alive. Etcd's grpc-proxy does not answer progress requests, and the lease uses the same connection. So before the connection is closed,
/// the probe checks the member with a status request, within the same time limit.
/// </remarks>
internal sealed class WatchLivenessProbe(EtcdClient client, string endpoint)
{
    private volatile TaskCompletionSource _responded = Promise.New();
    private volatile bool _supportsProgress;
    private long _aliveAt = client.TimeProvider.GetTimestamp();

    private TimeSpan UntilProbe => ProbeTimeout.Interval - client.TimeProvider.GetElapsedTime(Interlocked.Read(ref _aliveAt));

    /// <summary>Notes a response on the stream.</summary>
    public void OnResponse(bool isProgress)
    {
        if (isProgress && !_supportsProgress)
        {
            _supportsProgress = true;
            client.NoteProgress(endpoint);
        }

        OnAlive();
        _responded.TrySetResult();
    }

    /// <summary>Probes until the stream ends or fails.</summary>
    /// <param name="ask">Requests the progress of the stream if the argument is true. Returns false if nothing is watched.</param>
    /// <param name="ending">Cancelled when the stream ends.</param>
    /// <returns>Why the stream has to be closed.</returns>
    public async Task<EtcdCallException> RunAsync(Func<bool, bool> ask, CancellationToken ending)
    {
        while (true)
        {
            while (UntilProbe is var pause && pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, client.TimeProvider, ending).ConfigureAwait(false);
            }

            var supportsProgress = client.SupportsProgress(endpoint);
            var signal = _responded = Promise.New();
            if (ask(supportsProgress)
                && await FindFaultAsync(supportsProgress, signal.Task, ending).ConfigureAwait(false) is { } fault)
            {
                return fault;
            }

            OnAlive();
        }
    }

    private async Task<EtcdCallException?> FindFaultAsync(bool asked, Task answer, CancellationToken ending)
    {
        var limit = client.ProbeTimeout.Current;
        if (asked)
        {
            // The other half of the time is for the status request.
            await WaitAsync(answer, limit / 2, ending).ConfigureAwait(false);
        }

        if (!answer.IsCompleted
            && !await client.IsAliveAsync(asked ? limit / 2 : limit, ending).ConfigureAwait(false) && !answer.IsCompleted)
        {
            return CallDeadline.Exceeded(limit);
        }

        if (asked)
        {
            await WaitAsync(answer, client.RequestTimeout / 2, ending).ConfigureAwait(false);
        }

        return asked && !answer.IsCompleted ? OnSilence() : null;
    }

    private async Task WaitAsync(Task answer, TimeSpan limit, CancellationToken ending) =>
        await answer.WaitAsync(limit, client.TimeProvider, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void OnAlive() => Interlocked.Exchange(ref _aliveAt, client.TimeProvider.GetTimestamp());

    // Called if the member answers status requests, but does not respond on this stream.
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
