using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>What waits for the views of a service: queries for the first one, readers for the changes that lead to each.</summary>
/// <remarks>Used under the watcher's lock.</remarks>
internal sealed class ViewSubscribers(string service)
{
    private readonly List<ChangeQueue> _queues = [];
    private TaskCompletionSource<ServiceView> _first = Promise.New<ServiceView>();
    private EtcdDiscoveryException? _refusal;

    /// <summary>Whether a reader follows the changes.</summary>
    public bool HasReaders => _queues.Count > 0;

    // The store refuses, and the next try, half a minute away, would be refused too: waiting is in vain.
    private EtcdDiscoveryException? Refusal => _refusal is null ? null : Describe(_refusal);

    /// <summary>Waits for the first view.</summary>
    /// <exception cref="EtcdDiscoveryException">The try that was under way failed; others follow.</exception>
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

    /// <summary>Passes a published view on.</summary>
    public void OnPublished(ServiceView before, ViewUpdate update)
    {
        _refusal = null;
        _first.TrySetResult(update.View);
        if (!before.IsKnown || update.Changes.Count > 0 || before.Description != update.View.Description)
        {
            _queues.ForEach(queue => queue.Add(update.Changes, update.View));
        }
    }

    /// <summary>A try to make the first view failed.</summary>
    public void Fail(EtcdDiscoveryException error)
    {
        _refusal = error.IsTransient ? null : error;
        EndWaits(Describe(error));
        if (Refusal is { } refusal)
        {
            _queues.ForEach(queue => queue.Fail(refusal));
        }
    }

    /// <summary>There are no more views.</summary>
    public void Stop()
    {
        EndWaits(new EtcdDiscoveryException("Service discovery has stopped."));
        _queues.ForEach(queue => queue.Fail(new ObjectDisposedException(nameof(IServiceResolver))));
    }

    private void EndWaits(EtcdDiscoveryException error)
    {
        var ended = _first;
        _first = Promise.New<ServiceView>();
        ended.TrySetException(error);
        _ = ended.Task.Exception; // There may be no waiter, and that is no unobserved exception.
    }

    private EtcdDiscoveryException Describe(EtcdDiscoveryException error) =>
        new($"Service '{LogSanitizer.Sanitize(service)}' cannot be resolved yet: {error.Message}", error.IsTransient, error);
}
