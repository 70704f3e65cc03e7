using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Registration;

/// <summary>The session that all registrations of this process share. The session loop writes it; any thread reads it.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="onChanged">Called after each state change; after those that are caused only by elapsed time, by <see cref="OnTimePassed"/>.</param>
/// <param name="ending">Canceled when the session loop stops and withdraws all registrations.</param>
internal sealed class ProcessSession(TimeProvider timeProvider, Action onChanged, CancellationToken ending)
{
    private readonly long _epoch = timeProvider.GetTimestamp();
    private long _losses;
    private long _lateness;
    private volatile SessionState _state = SessionState.Initial;
    private volatile IDiscoverySession? _held;

    /// <summary>The monotonic time since this object was created.</summary>
    public TimeSpan Now => timeProvider.GetElapsedTime(_epoch);

    /// <summary>The current state. Elapsed time alone may have made the session late or lost.</summary>
    public SessionState State => _state.OnTime(Now);

    /// <summary>The session, if it is alive; otherwise null.</summary>
    public IDiscoverySession? Current => State.IsAlive ? _held : null;

    /// <summary>The last session, until it is closed or lost; it may have expired.</summary>
    public IDiscoverySession? Held => _held;

    /// <summary>How long ago the session was last renewed.</summary>
    public TimeSpan Age => Now - _state.RenewedAt;

    /// <summary>How late this process itself woke up at most since the last renewal.</summary>
    public TimeSpan Lateness => TimeSpan.FromTicks(Interlocked.Read(ref _lateness));

    /// <summary>How many sessions of this process were lost.</summary>
    public long Losses => Interlocked.Read(ref _losses);

    /// <summary>Canceled when the session loop stops and withdraws all registrations. This also ends any draining.</summary>
    public CancellationToken Ending => ending;

    /// <summary>Set when a registration has something to write or to withdraw.</summary>
    public AsyncAutoResetEvent Changed { get; } = new(timeProvider);

    public void OnOpened(IDiscoverySession session, TimeSpan askedAt)
    {
        _held = session;
        Interlocked.Exchange(ref _lateness, 0);
        Become(SessionState.Opened(session.TimeToLive, askedAt));
    }

    public void OnRenewed(TimeSpan askedAt)
    {
        Interlocked.Exchange(ref _lateness, 0);
        Become(_state.OnRenewed(askedAt));
    }

    /// <summary>Elapsed time alone may have changed the state.</summary>
    public void OnTimePassed() => onChanged();

    /// <summary>The process woke up later than planned.</summary>
    public void OnWoke(TimeSpan lateness)
    {
        if (lateness > Lateness)
        {
            Interlocked.Exchange(ref _lateness, lateness.Ticks);
        }
    }

    /// <summary>Opening or renewing failed; an open session lives until it expires.</summary>
    public void OnFailed(string reason) => Become(_state.OnFailed(reason, Now));

    public void OnLost(string reason)
    {
        Interlocked.Increment(ref _losses);
        Become(SessionState.Gone(reason));
        _held = null;
    }

    public void OnClosed()
    {
        Become(SessionState.Initial);
        _held = null;
    }

    private void Become(SessionState state)
    {
        _state = state;
        onChanged();
    }
}
