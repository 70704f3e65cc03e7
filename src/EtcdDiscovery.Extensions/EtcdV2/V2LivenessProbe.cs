using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>
/// Checks the current member while there are watches, because a poll that has no response yet does not show whether the member is alive.
/// </summary>
internal sealed class V2LivenessProbe(V2Client client) : IAsyncDisposable
{
    private readonly Lock _changing = new();
    private CancellationTokenSource? _ending;
    private Task _probing = Task.CompletedTask;
    private int _watches;

    public void OnWatchBegun()
    {
        lock (_changing)
        {
            if (++_watches == 1)
            {
                _ending = new CancellationTokenSource();
                _probing = ProbeAsync(_probing, _ending.Token);
            }
        }
    }

    public void OnWatchEnded()
    {
        lock (_changing)
        {
            if (--_watches == 0)
            {
                _ending!.Cancel();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Task probing;
        lock (_changing)
        {
            _ending?.Cancel();
            probing = _probing;
        }

        await probing.ConfigureAwait(false);
    }

    private async Task ProbeAsync(Task before, CancellationToken ending)
    {
        await before.ConfigureAwait(false);
        while (true)
        {
            try
            {
                await Task.Delay(ProbeTimeout.Interval, client.TimeProvider, ending).ConfigureAwait(false);
                await client.CheckAsync(client.ProbeTimeout.Current, ending).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
