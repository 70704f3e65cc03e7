namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Somebody who knows a service by its changes only.</summary>
internal sealed class ChangeReplay : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _sync = new();
    private readonly Dictionary<string, ServiceInstance> _instances = new(StringComparer.Ordinal);
    private readonly Task _reading;
    private volatile TaskCompletionSource _mayRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChangeReplay(IServiceResolver resolver, string service, string? shard)
    {
        Shard = shard;
        Resume();
        _reading = Task.Run(() => ReadAsync(resolver.WatchAsync(service, new ServiceQuery { Shard = shard }, cancellationToken: _ending.Token)));
    }

    /// <summary>The shard that it sees; null for all.</summary>
    public string? Shard { get; }

    /// <summary>How often it was too slow and got everything at once.</summary>
    public int Resyncs { get; private set; }

    /// <summary>The instances in the order of their ids, as far as it has been told.</summary>
    /// <exception cref="InvalidOperationException">It was told of a change that cannot be.</exception>
    public async Task<IReadOnlyList<ServiceInstance>> InstancesAsync()
    {
        if (_reading.IsCompleted)
        {
            await _reading;
        }

        lock (_sync)
        {
            return [.. _instances.Values];
        }
    }

    public void Stall()
    {
        if (_mayRead.Task.IsCompleted)
        {
            _mayRead = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    public void Resume() => _mayRead.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Resume();
        await _ending.CancelAsync();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _ending.Dispose();
    }

    private async Task ReadAsync(IAsyncEnumerable<ServiceChange> changes)
    {
        await foreach (var change in changes)
        {
            lock (_sync)
            {
                Apply(change);
            }

            await _mayRead.Task;
        }
    }

    private void Apply(ServiceChange change)
    {
        if (change.Kind == ServiceChangeKind.Resync)
        {
            Resyncs++;
            _instances.Clear();
            foreach (var instance in change.Snapshot!.Instances)
            {
                _instances.Add(instance.Id, instance);
            }

            return;
        }

        var id = change.Instance!.Id;
        if (_instances.ContainsKey(id) == (change.Kind == ServiceChangeKind.Up))
        {
            throw new InvalidOperationException($"{change.Kind} of {id}, which {(change.Kind == ServiceChangeKind.Up ? "is there" : "is not")}.");
        }

        if (change.Kind == ServiceChangeKind.Down)
        {
            _instances.Remove(id);
        }
        else
        {
            _instances[id] = change.Instance;
        }
    }
}
