using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>Reads the changes of a service and their reasons one by one, with a timeout.</summary>
internal sealed class DrainReader : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<ServiceChange> _changes;
    private Task<bool> _moving = Task.FromResult(true);

    public DrainReader(IServiceResolver resolver, string service) =>
        _changes = resolver.WatchAsync(service, _ending.Token).SelectMany(update => update.Changes).GetAsyncEnumerator();

    /// <summary>The next change: its kind, and the reason of a down.</summary>
    public async Task<string> NextAsync()
    {
        _moving = _changes.MoveNextAsync().AsTask();
        Assert.True(await _moving.WaitAsync(Eventually.Patience), "A watch ended without an exception.");
        return $"{_changes.Current.Kind} {_changes.Current.DownReason}".Trim();
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await ((Task)_moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _changes.DisposeAsync();
        _ending.Dispose();
    }
}
