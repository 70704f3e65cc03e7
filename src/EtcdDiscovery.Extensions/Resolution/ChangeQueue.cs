namespace EtcdDiscovery.Resolution;

/// <summary>What waits for one reader of a service's changes: all of it, or too much of it and so the snapshot instead.</summary>
/// <remarks>The service fills it under its lock and never waits; <see cref="WaitAsync"/> is the reader's.</remarks>
internal sealed class ChangeQueue
{
    /// <summary>How many changes may wait before the reader gets a snapshot instead.</summary>
    public const int Capacity = 1_024;

    private TaskCompletionSource _arrived = NewArrival();
    private List<InstanceChange> _waiting = [];
    private bool _hasGap = true;

    /// <summary>Why nothing will come any more.</summary>
    public Exception? Failure { get; private set; }

    public void Add(IReadOnlyList<InstanceChange> changes)
    {
        // One update fits always: a reader that is up to date gets it in order, however much it is.
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

    public void Fail(Exception failure)
    {
        Failure = failure;
        _arrived.TrySetResult();
    }

    /// <summary>Takes out what waits; null when there is a gap, at the start too, that only a snapshot can close.</summary>
    public IReadOnlyList<InstanceChange>? Take()
    {
        var taken = _hasGap ? null : _waiting;
        _waiting = [];
        _hasGap = false;
        _arrived = NewArrival();
        return taken;
    }

    /// <summary>Waits until there is something to take out, or nothing will come any more.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _arrived.Task.WaitAsync(cancellationToken);

    private static TaskCompletionSource NewArrival() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
