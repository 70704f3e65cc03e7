namespace EtcdDiscovery.Registration;

/// <summary>Where the session stands; replaced whole, read by any thread.</summary>
/// <param name="TimeToLive">What the server granted; zero without a session.</param>
/// <param name="RenewedAt">When it was last renewed, as a timestamp of the clock.</param>
/// <param name="Failure">Why the last try failed; null when it did not.</param>
internal sealed record SessionStatus(TimeSpan TimeToLive, long RenewedAt, string? Failure)
{
    public static SessionStatus None { get; } = new(TimeSpan.Zero, 0, null);

    public bool IsOpen => TimeToLive > TimeSpan.Zero;

    /// <summary>How long ago the session was last renewed.</summary>
    public TimeSpan Age(TimeProvider timeProvider) => timeProvider.GetElapsedTime(RenewedAt);

    public TimeSpan RenewalInterval => TimeToLive / 3;

    /// <summary>A renewal that should have happened, with time for one more, has not.</summary>
    public bool IsLate(TimeProvider timeProvider) => IsOpen && Age(timeProvider) > RenewalInterval * 2;

    public bool IsExpired(TimeProvider timeProvider) => IsOpen && Age(timeProvider) >= TimeToLive;
}
