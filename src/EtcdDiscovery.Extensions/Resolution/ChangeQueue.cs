using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Resolution;

/// <summary>What waits for one reader of a service's changes: all of them, or too many of them and so the view instead.</summary>
/// <remarks>The watcher fills it and never waits; <see cref="NextAsync"/> is the reader's, one call at a time.</remarks>
internal sealed class ChangeQueue(Action<ChangeQueue> unsubscribe) : IDisposable
{
    /// <summary>How many changes may wait before the reader gets a view instead.</summary>
    public const int Capacity = 1_024;

    private readonly Lock _sync = new();
    private TaskCompletionSource _arrived = Promise.New();
    private List<InstanceChange> _waiting = [];
    private bool _hasGap = true;
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
                _hasGap = true;
            }
            else if (!_hasGap)
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
    /// <returns>The changes, null for a gap (as at the start) that the view closes; and the view.</returns>
    public async ValueTask<(IReadOnlyList<InstanceChange>? Changes, ServiceView View)> NextAsync(CancellationToken cancellationToken)
    {
        await ArrivalAsync().WaitAsync(cancellationToken).ConfigureAwait(false);
        lock (_sync)
        {
            if (_failure is not null)
            {
                throw _failure;
            }

            var changes = _hasGap ? null : _waiting;
            _waiting = [];
            _hasGap = false;
            _arrived = Promise.New();
            return (changes, _view);
        }
    }

    public void Dispose() => unsubscribe(this);

    private Task ArrivalAsync()
    {
        lock (_sync)
        {
            return _arrived.Task;
        }
    }
}
