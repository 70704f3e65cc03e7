namespace EtcdDiscovery.Resolution;

/// <summary>One reader of a service's changes.</summary>
internal sealed class ChangeFeed(LiveSnapshot live) : IDisposable
{
    private readonly ChangeQueue _queue = live.Follow();

    /// <summary>Waits for changes.</summary>
    /// <returns>The changes; null when there is a gap, at the start too, that the snapshot closes.</returns>
    public ValueTask<(IReadOnlyList<InstanceChange>? Changes, ServiceView Snapshot)> NextAsync(CancellationToken cancellationToken) =>
        live.NextAsync(_queue, cancellationToken);

    public void Dispose() => live.Unfollow(_queue);
}
