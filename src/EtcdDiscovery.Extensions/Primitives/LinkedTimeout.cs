namespace EtcdDiscovery.Primitives;

/// <summary>A token that is cancelled by the caller or after a time limit, and shows which of the two happened.</summary>
internal sealed class LinkedTimeout : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _linked;
    private readonly CancellationToken _callerToken;

    public LinkedTimeout(TimeSpan limit, TimeProvider timeProvider, CancellationToken callerToken)
    {
        _timeout = new CancellationTokenSource(limit, timeProvider);
        _linked = CancellationTokenSource.CreateLinkedTokenSource(callerToken, _timeout.Token);
        _callerToken = callerToken;
    }

    public CancellationToken Token => _linked.Token;

    /// <summary>Whether the limit has passed and the caller has not cancelled. The caller's cancellation takes precedence.</summary>
    public bool HasExpired => _timeout.IsCancellationRequested && !_callerToken.IsCancellationRequested;

    public void Dispose()
    {
        _linked.Dispose();
        _timeout.Dispose();
    }
}
