using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>The changes that wait for one reader of a service: all of them, or, beyond a limit, only what they come to.</summary>
/// <remarks>The watcher fills it and never waits; <see cref="NextAsync"/> is the reader's, one call at a time.</remarks>
internal sealed class ChangeQueue(Action<ChangeQueue> unsubscribe) : IDisposable
{
    /// <summary>How many changes may wait before only their result is kept.</summary>
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
            // One update always fits: a reader that is up to date gets it in order, however large it is.
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
    /// <returns>The changes since the last call, and the view that they lead to; the first time, all that there is.</returns>
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

    // What happened in between is forgotten, and with it whether an instance signed off.
    private List<InstanceChange> Merge() => InstanceArray.Differences(_delivered.Instances, _view.Instances)
        .ConvertAll(static change => change.After is null && change.HasSignedOff is false ? change with { HasSignedOff = null } : change);

    private Task ArrivalAsync()
    {
        lock (_sync)
        {
            return _arrived.Task;
        }
    }
}
