namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A watcher that reconstructs the state of a service solely from the changes it receives.</summary>
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

    /// <summary>
    /// The number of changes that only a slow reader receives, because earlier changes were merged: an instance goes down for an unknown
    /// reason, or jumps from wave 0 to wave 2 (see <see cref="WaveHost"/>).
    /// </summary>
    public int MergedChanges { get; private set; }

    /// <summary>The host name of all instances in one wave of updates. Waves follow one another and are numbered from 0.</summary>
    public static string WaveHost(int wave) => $"wave{wave}";

    /// <summary>The instances ordered by id, as of the last received update.</summary>
    /// <exception cref="InvalidOperationException">A received change contradicts the earlier ones or its snapshot.</exception>
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
            }

            await _mayRead.Task;
        }
    }

    private void Apply(ServiceChange change)
    {
        var id = change.Instance.Id;
        if (_instances.ContainsKey(id) == (change.Kind == ServiceChangeKind.Up))
        {
            throw new InvalidOperationException($"Received {change.Kind} for {id}, which {(change.Kind == ServiceChangeKind.Up ? "is already up" : "is not up")}.");
        }

        MergedChanges += IsMerged(change) ? 1 : 0;
        if (change.Kind == ServiceChangeKind.Down)
        {
            _instances.Remove(id);
        }
        else
        {
            _instances[id] = change.Instance;
        }
    }

    private bool IsMerged(ServiceChange change) => change.Kind switch
    {
        ServiceChangeKind.Down => change.DownReason is null,
        ServiceChangeKind.Updated => change.Instance.Hostname == WaveHost(2) && _instances[change.Instance.Id].Hostname == WaveHost(0),
        _ => false,
    };

    // However slowly the watcher reads, the changes must add up to the snapshot that they came with.
    private void Compare(ServiceSnapshot snapshot)
    {
        var serving = snapshot.Instances.Where(instance => instance.Status == ServiceStatus.Serving).ToList();
        if (serving.Count != _instances.Count || serving.Exists(instance => !ReferenceEquals(_instances.GetValueOrDefault(instance.Id), instance)))
        {
            throw new InvalidOperationException(
                $"The changes add up to {string.Join(' ', _instances.Keys)}, but the snapshot has {string.Join(' ', serving.Select(instance => instance.Id))}.");
        }
    }
}
