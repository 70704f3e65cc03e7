namespace EtcdDiscovery.Registration;

/// <summary>What is known of the session. Each transition is a pure function that makes another state.</summary>
/// <remarks>Times are on the loop's monotonic clock: the wall clock may jump.</remarks>
internal sealed record SessionState
{
    public static SessionState Initial { get; } = new();

    public SessionPhase Phase { get; private init; }

    /// <summary>What the server granted; zero without a session.</summary>
    public TimeSpan TimeToLive { get; private init; }

    /// <summary>
    /// When the last successful renewal was asked for. The server began to count at some time since, so the session
    /// lives at least until this plus the time to live.
    /// </summary>
    public TimeSpan RenewedAt { get; private init; }

    /// <summary>How many tries in a row have failed.</summary>
    public int Failures { get; private init; }

    /// <summary>Why the last try failed; null when it did not.</summary>
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

    /// <summary>The session is not there any more: the store said so.</summary>
    public static SessionState Gone(string reason) => new() { Phase = SessionPhase.Lost, Failures = 1, Failure = reason };

    /// <summary>Nothing happened but time.</summary>
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

    /// <summary>How long until the next renewal is due; not below zero.</summary>
    public TimeSpan UntilRenewal(TimeSpan now) => NotNegative(RenewedAt + RenewalInterval - now);

    /// <summary>How long the session lives without another renewal; not above zero when it has expired.</summary>
    public TimeSpan UntilExpiry(TimeSpan now) => RenewedAt + TimeToLive - now;

    /// <summary>How long until time alone makes a session that is alive late or lost; not below zero.</summary>
    public TimeSpan UntilNextPhase(TimeSpan now) =>
        NotNegative(Phase == SessionPhase.Open ? LateAt - now : UntilExpiry(now));

    private static TimeSpan NotNegative(TimeSpan time) => time > TimeSpan.Zero ? time : TimeSpan.Zero;
}
