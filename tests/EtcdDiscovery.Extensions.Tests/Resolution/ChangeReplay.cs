namespace EtcdDiscovery.Tests.Resolution;

/// <summary>Somebody who knows a service by its changes only.</summary>
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

    /// <summary>How often it got several changes of one instance, or more changes than wait for a reader, as one.</summary>
    public int LargeUpdates { get; private set; }

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
                LargeUpdates += update.Changes.Count > 1 ? 1 : 0;
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

    // At any speed: what the changes add up to is the snapshot that came with them.
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
