using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

/// <summary>Tracks whether the store can be read for one service, and logs when that changes.</summary>
/// <remarks>Written under the watcher's lock. Any thread may read <see cref="Reason"/>.</remarks>
internal sealed partial class StoreOutage(string service, ServiceTimeline timeline, TimeProvider timeProvider, ILogger logger)
{
    private readonly LogThrottle _outages = new(timeProvider);
    private readonly LogThrottle _historyLosses = new(timeProvider);
    private volatile Outage? _current;
    private bool _hasLostHistory;

    /// <summary>Why the store is unreachable; null if it is reachable.</summary>
    public string? Reason => _current?.Reason;

    /// <summary>Whether changes may have been missed since the store was last read.</summary>
    public bool HasMissedChanges => _hasLostHistory || _current is not null;

    /// <summary>The store could not be read, or its watch broke.</summary>
    /// <param name="error">What happened.</param>
    /// <param name="isKnown">Whether the service was read before, so that queries return its last known instances.</param>
    public void OnFailed(EtcdDiscoveryException error, bool isKnown)
    {
        if (error is HistoryLostException)
        {
            OnHistoryLost(error);
        }
        else if (_current is { IsLogged: true })
        {
            Log.StillOutOfReach(logger, LogSanitizer.Sanitize(service), error.Message);
        }
        else
        {
            OnUnloggedOutage(error, isKnown);
        }
    }

    /// <summary>The store has answered.</summary>
    /// <returns>Whether an outage has ended.</returns>
    public bool OnReached()
    {
        _hasLostHistory = false;
        if (_current is not { } ended)
        {
            return false;
        }

        if (ended.IsLogged)
        {
            Log.InReachAgain(logger, LogSanitizer.Sanitize(service), timeProvider.GetElapsedTime(ended.Start));
        }

        timeline.OnStoreReachable();
        _current = null;
        return true;
    }

    private void OnHistoryLost(EtcdDiscoveryException error)
    {
        _hasLostHistory = true;
        if (_historyLosses.Allows(out var leftOut))
        {
            Log.HistoryLost(logger, LogSanitizer.Sanitize(service), error.Message, leftOut);
        }
    }

    // Throttled, because a store may become unreachable again and again. A lasting outage is logged after one of the next attempts.
    private void OnUnloggedOutage(EtcdDiscoveryException error, bool isKnown)
    {
        var isLogged = _outages.Allows(out var leftOut);
        if (_current is null)
        {
            timeline.OnStoreUnreachable(error.Message);
        }

        _current = (_current ?? new Outage(timeProvider.GetTimestamp(), error.Message)) with { IsLogged = isLogged };
        if (isLogged && isKnown)
        {
            Log.OutOfReach(logger, LogSanitizer.Sanitize(service), error.Message, leftOut);
        }
        else if (isLogged)
        {
            Log.Unread(logger, LogSanitizer.Sanitize(service), error.Message, leftOut);
        }
    }

    private sealed record Outage(long Start, string Reason)
    {
        public bool IsLogged { get; init; }
    }
}
