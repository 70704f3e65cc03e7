namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>Reads a service's changes one by one, with a timeout.</summary>
internal sealed class ChangeReader(IAsyncEnumerable<ServiceUpdate> updates) : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private IAsyncEnumerator<ServiceChange>? _enumerator;
    private Task<bool>? _moving;

    /// <summary>The next change: its kind, the instance's id and host name.</summary>
    public async Task<string> NextAsync()
    {
        _enumerator ??= updates.SelectMany(update => update.Changes).GetAsyncEnumerator(_ending.Token);
        _moving = _enumerator.MoveNextAsync().AsTask();
        Assert.True(await _moving.WaitAsync(Eventually.Patience), "A watch ended without an exception.");
        var change = _enumerator.Current;
        return $"{change.Kind} {change.Instance.Id} {change.Instance.Hostname}";
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        if (_enumerator is not null)
        {
            await ((Task)_moving!).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _enumerator.DisposeAsync();
        }

        _ending.Dispose();
    }
}
