using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>Queues the changes of a service for one reader. Beyond a limit, it keeps only the net result of the waiting changes.</summary>
/// <remarks>The watcher adds changes and never waits. The reader calls <see cref="NextAsync"/>, one call at a time.</remarks>
internal sealed class ChangeQueue(Action<ChangeQueue> unsubscribe) : IDisposable
{
    /// <summary>How many changes may wait before only their net result is kept.</summary>
    public const int Capacity = 1_024;

    private readonly Lock _sync = new();
    private TaskCompletionSource _arrived = Promise.New();
    private List<InstanceChange> _waiting = [];
    private bool _isMerged = true;
    private ServiceView _delivered = ServiceView.Empty;
    private ServiceView _view = ServiceView.Empty;
    private Exception? _failure;

    /// <summary>Adds the changes that lead to a view.</summary>
    public void Add(IReadOnlyList<InstanceChange> changes, ServiceView view)
    {
        lock (_sync)
        {
            _view = view;
            // A single update always fits, so that a reader that keeps up gets every change.
            if (_waiting.Count > 0 && _waiting.Count + changes.Count > Capacity)
            {
                _waiting = [];
                _isMerged = true;
            }
            else if (!_isMerged)
            {
                _waiting.AddRange(changes);
            }

            _arrived.TrySetResult();
        }
    }

    /// <summary>Ends the queue: its reader gets an exception.</summary>
    public void Fail(Exception failure)
    {
        lock (_sync)
        {
            _failure = failure;
            _arrived.TrySetResult();
        }
    }

    /// <summary>Waits for changes.</summary>
    /// <returns>The changes since the last call, and the resulting view; on the first call, all instances as changes.</returns>
    public async ValueTask<(IReadOnlyList<InstanceChange> Changes, ServiceView View)> NextAsync(CancellationToken cancellationToken)
    {
        await ArrivalAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_sync)
        {
            if (_failure is not null)
            {
                throw _failure;
            }

            var changes = _isMerged ? Merge() : _waiting;
            _waiting = [];
            _isMerged = false;
            _delivered = _view;
            _arrived = Promise.New();
            return (changes, _view);
        }
    }

    public void Dispose() => unsubscribe(this);

    // The intermediate changes are lost, and with them the information about whether an instance unregistered.
    private List<InstanceChange> Merge() => InstanceChanges.Differences(_delivered.Instances, _view.Instances)
        .ConvertAll(static change => change.After is null && change.HasUnregistered is false ? change with { HasUnregistered = null } : change);

    private Task ArrivalAsync()
    {
        lock (_sync)
        {
            return _arrived.Task;
        }
    }
}
