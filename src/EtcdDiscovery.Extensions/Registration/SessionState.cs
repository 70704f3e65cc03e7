namespace EtcdDiscovery.Registration;

/// <summary>The state of the session. Each transition is a pure function that returns a new state.</summary>
/// <remarks>Times are on the monotonic clock, because the wall clock may jump.</remarks>
internal sealed record SessionState
{
    public static SessionState Initial { get; } = new();

    public SessionPhase Phase { get; private init; }

    /// <summary>The time to live that the store granted; zero without a session.</summary>
    public TimeSpan TimeToLive { get; private init; }

    /// <summary>
    /// When the last successful renewal was sent. The store started the time to live after that, so the session lives at least until this
    /// time plus the time to live.
    /// </summary>
    public TimeSpan RenewedAt { get; private init; }

    /// <summary>The number of consecutive failed attempts.</summary>
    public int Failures { get; private init; }

    /// <summary>Why the last attempt failed; null if it succeeded.</summary>
    public string? Failure { get; private init; }

    public bool IsAlive => Phase is SessionPhase.Open or SessionPhase.Late;

    private TimeSpan RenewalInterval => TimeToLive / 3;

    private TimeSpan LateAt => RenewedAt + (RenewalInterval * 2);

    public static SessionState Opened(TimeSpan timeToLive, TimeSpan askedAt) =>
        new() { Phase = SessionPhase.Open, TimeToLive = timeToLive, RenewedAt = askedAt };

    public SessionState OnRenewed(TimeSpan askedAt) =>
        this with { Phase = SessionPhase.Open, RenewedAt = askedAt, Failures = 0, Failure = null };

    public SessionState OnFailed(string reason, TimeSpan now) =>
        (this with { Failures = Failures + 1, Failure = reason }).OnTime(now);

    /// <summary>The session is lost.</summary>
    public static SessionState Gone(string reason) => new() { Phase = SessionPhase.Lost, Failures = 1, Failure = reason };

    /// <summary>Applies the elapsed time.</summary>
    public SessionState OnTime(TimeSpan now)
    {
        if (!IsAlive)
        {
            return this;
        }

        if (UntilExpiry(now) <= TimeSpan.Zero)
        {
            return Gone(Failure ?? "it was not renewed in time");
        }

        return now > LateAt ? this with { Phase = SessionPhase.Late } : this;
    }

    /// <summary>The time until the next renewal is due; not negative.</summary>
    public TimeSpan UntilRenewal(TimeSpan now) => NotNegative(RenewedAt + RenewalInterval - now);

    /// <summary>The time until the session expires without another renewal; zero or negative if it has expired.</summary>
    public TimeSpan UntilExpiry(TimeSpan now) => RenewedAt + TimeToLive - now;

    /// <summary>The time until an open session becomes late or lost; not negative.</summary>
    public TimeSpan UntilNextPhase(TimeSpan now) =>
        NotNegative(Phase == SessionPhase.Open ? LateAt - now : UntilExpiry(now));

    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
