using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Reads the items of a watch one by one, with a timeout.</summary>
internal sealed class Sequence<T> : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<T> _enumerator;
    private Task<bool> _moving = Task.FromResult(false);

    public Sequence(Func<CancellationToken, IAsyncEnumerable<T>> watch) => _enumerator = watch(_ending.Token).GetAsyncEnumerator(_ending.Token);

    public async Task<T> NextAsync()
    {
        _moving = _enumerator.MoveNextAsync().AsTask();
        Assert.True(await _moving.WaitAsync(Eventually.Patience), "A watch ended without an exception.");
        return _enumerator.Current;
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await ((Task)_moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _enumerator.DisposeAsync();
        _ending.Dispose();
    }
}
