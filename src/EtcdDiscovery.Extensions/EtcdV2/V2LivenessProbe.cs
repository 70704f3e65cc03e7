namespace EtcdDiscovery.EtcdV2;

/// <summary>Asks the member in use for a sign of life as long as there are watches: silence on a poll says nothing.</summary>
internal sealed class V2LivenessProbe(V2Client client) : IAsyncDisposable
{
    private readonly Lock _changing = new();
    private CancellationTokenSource? _ending;
    private Task _beating = Task.CompletedTask;
    private int _watches;

    public void OnWatchBegun()
    {
        lock (_changing)
        {
            if (++_watches == 1)
            {
                _ending = new CancellationTokenSource();
                _beating = BeatAsync(_beating, _ending.Token);
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
        Task beating;
        lock (_changing)
        {
            _ending?.Cancel();
            beating = _beating;
        }

        await beating.ConfigureAwait(false);
    }

    private async Task BeatAsync(Task before, CancellationToken ending)
    {
        await before.ConfigureAwait(false);
        while (true)
        {
            try
            {
                await Task.Delay(client.RequestTimeout, client.TimeProvider, ending).ConfigureAwait(false);
                await client.CheckAsync(ending).ConfigureAwait(false);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
