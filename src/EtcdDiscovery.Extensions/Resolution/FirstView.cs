using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>The wait for a service's first view. It ends with the view, or with the failure of the try that is under way.</summary>
/// <remarks>Used under the watcher's lock.</remarks>
internal sealed class FirstView(string service)
{
    private TaskCompletionSource<ServiceView> _promise = Promise.New<ServiceView>();
    private EtcdDiscoveryException? _refusal;

    /// <summary>Why waiting is in vain: the store refuses, and the next try, half a minute away, would say the same. Null otherwise.</summary>
    public EtcdDiscoveryException? Refusal => _refusal is null ? null : Describe(_refusal);

    /// <summary>Waits for the view.</summary>
    /// <exception cref="EtcdDiscoveryException">The try that was under way failed; others follow.</exception>
    public Task<ServiceView> WaitAsync(CancellationToken cancellationToken) =>
        Refusal is { } refusal ? Task.FromException<ServiceView>(refusal) : _promise.Task.WaitAsync(cancellationToken);

    public void Complete(ServiceView view)
    {
        _refusal = null;
        _promise.TrySetResult(view);
    }

    /// <summary>The try that was under way failed.</summary>
    public void Fail(EtcdDiscoveryException error)
    {
        _refusal = error.IsTransient ? null : error;
        EndWaits(Describe(error));
    }

    /// <summary>There are no more tries.</summary>
    public void Stop() => EndWaits(new EtcdDiscoveryException("Service discovery has stopped."));

    private void EndWaits(EtcdDiscoveryException error)
    {
        var ended = _promise;
        _promise = Promise.New<ServiceView>();
        ended.TrySetException(error);
        _ = ended.Task.Exception; // There may be no waiter, and that is no unobserved exception.
    }

    private EtcdDiscoveryException Describe(EtcdDiscoveryException error) =>
        new($"Service '{service}' cannot be resolved yet: {error.Message}", error.IsTransient, error);
}
