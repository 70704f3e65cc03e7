using EtcdDiscovery.Primitives;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.Registration;

/// <summary>The one session that all registrations of this process share. The session loop writes it; any thread reads it.</summary>
/// <param name="timeProvider">The clock.</param>
/// <param name="onChanged">Called after each change of the state but those that time alone makes.</param>
/// <param name="ending">Cancelled when everything is withdrawn for good.</param>
internal sealed class ProcessSession(TimeProvider timeProvider, Action onChanged, CancellationToken ending)
{
    private readonly long _epoch = timeProvider.GetTimestamp();
    private volatile SessionState _state = SessionState.Initial;
    private volatile IDiscoverySession? _held;

    /// <summary>The monotonic time since this process created the object.</summary>
    public TimeSpan Now => timeProvider.GetElapsedTime(_epoch);

    /// <summary>The state as of now: time alone may have made the session late or lost.</summary>
    public SessionState State => _state.OnTime(Now);

    /// <summary>The session that is alive; null when none is.</summary>
    public IDiscoverySession? Current => State.IsAlive ? _held : null;

    /// <summary>The session that was opened last and is not closed, whether or not it is still alive.</summary>
    public IDiscoverySession? Held => _held;

    /// <summary>How long ago the session was last renewed.</summary>
    public TimeSpan Age => Now - _state.RenewedAt;

    /// <summary>Cancelled when everything is withdrawn for good, and nothing drains any longer.</summary>
    public CancellationToken Ending => ending;

    /// <summary>Set when a registration has something to write or to withdraw.</summary>
    public AsyncAutoResetEvent Changed { get; } = new(timeProvider);

    public void OnOpened(IDiscoverySession session, TimeSpan askedAt)
    {
        _held = session;
        Become(SessionState.Opened(session.TimeToLive, askedAt));
    }

    public void OnRenewed(TimeSpan askedAt) => Become(_state.OnRenewed(askedAt));

    /// <summary>Opening or renewing failed; the session, if there is one, lives until its time is up.</summary>
    public void OnFailed(string reason) => Become(_state.OnFailed(reason, Now));

    public void OnLost(string reason)
    {
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
