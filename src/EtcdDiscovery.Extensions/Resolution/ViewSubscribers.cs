using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Holds the subscribers of a service: queries that wait for the first view, and readers of changes.</summary>
/// <remarks>Not thread-safe; used under the watcher's lock.</remarks>
internal sealed class ViewSubscribers(string service)
{
    private readonly List<ChangeQueue> _queues = [];
    private TaskCompletionSource<ServiceView> _first = Promise.New<ServiceView>();
    private EtcdDiscoveryException? _refusal;

    /// <summary>Whether there are readers of changes.</summary>
    public bool HasReaders => _queues.Count > 0;

    // If the store refused the read, fail at once: the next attempt is half a minute away, and the store would probably refuse it as well.
    private EtcdDiscoveryException? Refusal => _refusal is null ? null : Describe(_refusal);

    /// <summary>Waits for the first view.</summary>
    /// <exception cref="EtcdDiscoveryException">The current attempt failed; the watcher tries again.</exception>
    public Task<ServiceView> WaitForFirstAsync(CancellationToken cancellationToken) =>
        Refusal is { } refusal ? Task.FromException<ServiceView>(refusal) : _first.Task.WaitAsync(cancellationToken);

    public void Add(ChangeQueue queue, ServiceView current)
    {
        _queues.Add(queue);
        if (current.IsKnown)
        {
            queue.Add([], current);
        }
        else if (Refusal is { } refusal)
        {
            queue.Fail(refusal);
        }
    }

    public void Remove(ChangeQueue queue) => _queues.Remove(queue);

    /// <summary>Notifies subscribers of a published view.</summary>
    public void OnPublished(ServiceView before, ViewUpdate update)
    {
        _refusal = null;
        _first.TrySetResult(update.View);
        if (!before.IsKnown || update.Changes.Count > 0 || before.Description != update.View.Description)
        {
            _queues.ForEach(queue => queue.Add(update.Changes, update.View));
        }
    }

    /// <summary>An attempt to read the first view failed.</summary>
    public void Fail(EtcdDiscoveryException error)
    {
        _refusal = error.IsTransient ? null : error;
        EndWaits(Describe(error));
        if (Refusal is { } refusal)
        {
            _queues.ForEach(queue => queue.Fail(refusal));
        }
    }

    /// <summary>The watcher has stopped.</summary>
    public void Stop()
    {
        EndWaits(new ObjectDisposedException(nameof(IServiceResolver)));
        _queues.ForEach(queue => queue.Fail(new ObjectDisposedException(nameof(IServiceResolver))));
    }

    private void EndWaits(Exception error)
    {
        var ended = _first;
        _first = Promise.New<ServiceView>();
        ended.TrySetException(error);
        _ = ended.Task.Exception; // Observed, because there may be no waiter.
    }

    private EtcdDiscoveryException Describe(EtcdDiscoveryException error) =>
        new($"Service '{LogSanitizer.Sanitize(service)}' cannot be resolved{(error.IsTransient ? " yet" : "")}: {error.Message}", error.IsTransient, error);
}
