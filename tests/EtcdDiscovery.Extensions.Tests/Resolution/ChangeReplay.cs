namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A watcher that derives the state of a service from its changes only.</summary>
internal sealed class ChangeReplay : IAsyncDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private readonly Lock _sync = new();
    private readonly Dictionary<string, ServiceInstance> _instances = new(StringComparer.Ordinal);
    private readonly Task _reading;
    private volatile TaskCompletionSource _mayRead = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ChangeReplay(IServiceResolver resolver, string service)
    {
        Resume();
        _reading = Task.Run(() => ReadAsync(resolver.WatchAsync(service, _ending.Token)));
    }

    /// <summary>The number of downs without a reason, which occur only in merged updates.</summary>
    public int UnexplainedDowns { get; private set; }

    /// <summary>The instances ordered by id, as of the last received update.</summary>
    /// <exception cref="InvalidOperationException">A received change is impossible.</exception>
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

    private async Task ReadAsync(IAsyncEnumerable<ServiceUpdate> updates)
    {
        await foreach (var update in updates)
        {
            lock (_sync)
            {
                foreach (var change in update.Changes)
                {
                    Apply(change);
                }

                Compare(update.Snapshot);
                UnexplainedDowns += update.Changes.Count(change => change is { Kind: ServiceChangeKind.Down, DownReason: null });
            }

            await _mayRead.Task;
        }
    }

    private void Apply(ServiceChange change)
    {
        var id = change.Instance.Id;
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

    // At any speed, the changes must add up to the snapshot that came with them.
    private void Compare(ServiceSnapshot snapshot)
    {
        var serving = snapshot.Instances.Where(instance => instance.Status == ServiceStatus.Serving).ToList();
        if (serving.Count != _instances.Count || serving.Exists(instance => !ReferenceEquals(_instances.GetValueOrDefault(instance.Id), instance)))
        {
            throw new InvalidOperationException(
                $"The changes add up to {string.Join(' ', _instances.Keys)}, the snapshot has {string.Join(' ', serving.Select(instance => instance.Id))}.");
        }
    }
}
