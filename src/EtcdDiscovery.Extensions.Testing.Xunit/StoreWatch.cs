using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Testing;

/// <summary>Enumerates a store's changes with a timeout, and cleans up.</summary>
internal sealed class StoreWatch : IAsyncDisposable
{
    // For changes that normally arrive much earlier.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly CancellationTokenSource _ending = new();
    private readonly IAsyncEnumerator<StoreBatch> _batches;
    private Task<bool> _moving;

    public StoreWatch(IDiscoveryStore store, StoreRevision after, params IReadOnlyList<StoreRange> ranges)
    {
        _batches = store.WatchAsync(ranges, after, _ending.Token).GetAsyncEnumerator();
        _moving = _batches.MoveNextAsync().AsTask();
    }

    public CancellationToken Token => _ending.Token;

    /// <summary>The next batch that contains changes.</summary>
    public async Task<StoreBatch> NextAsync()
    {
        while (true)
        {
            Assert.True(await _moving.WaitAsync(Patience), "A watch ended without an exception.");
            var batch = _batches.Current;
            _moving = _batches.MoveNextAsync().AsTask();
            if (batch.Events.Count > 0)
            {
                return batch;
            }
        }
    }

    /// <summary>The next changes, from as many batches as needed.</summary>
    public async Task<List<StoreEvent>> NextEventsAsync(int count)
    {
        var events = new List<StoreEvent>();
        while (events.Count < count)
        {
            events.AddRange((await NextAsync()).Events);
        }

        return events;
    }

    /// <summary>Asserts that the watch fails with exactly this type: a lost history is not a lost connection.</summary>
    public Task<TException> FailureAsync<TException>() where TException : EtcdDiscoveryException =>
        Assert.ThrowsAsync<TException>(ReadToEndAsync);

    /// <summary>Asserts that the watch ends as canceled.</summary>
    public Task<OperationCanceledException> CancellationAsync() =>
        Assert.ThrowsAnyAsync<OperationCanceledException>(ReadToEndAsync);

    public void Cancel() => _ending.Cancel();

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await ((Task)_moving).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _batches.DisposeAsync();
        _ending.Dispose();
    }

    private async Task ReadToEndAsync()
    {
        while (true)
        {
            await NextAsync();
        }
    }
}
