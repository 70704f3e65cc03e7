using EtcdDiscovery.Registration;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>The state machine of a session: every transition, and the invariants after any sequence.</summary>
public sealed class SessionStateTests
{
    private const int Walks = 2_000;
    private const int StepsOfAWalk = 30;

    private static readonly TimeSpan TimeToLive = Seconds(6);
    private static readonly SessionState Opened = SessionState.Opened(TimeToLive, Seconds(100));

    [Theory]
    [InlineData(100, nameof(SessionPhase.Open))]
    [InlineData(102, nameof(SessionPhase.Open))]
    [InlineData(104, nameof(SessionPhase.Open))]
    [InlineData(104.001, nameof(SessionPhase.Late))]
    [InlineData(105.999, nameof(SessionPhase.Late))]
    [InlineData(106, nameof(SessionPhase.Lost))]
    [InlineData(3700, nameof(SessionPhase.Lost))]
    public void OnTime_SinceTheLastRenewal_DeterminesThePhase(double now, string phase) =>
        Assert.Equal(phase, Opened.OnTime(Seconds(now)).Phase.ToString());

    [Theory]
    [InlineData(100, 2, 6)]
    [InlineData(101.5, 0.5, 4.5)]
    [InlineData(102, 0, 4)]
    [InlineData(105, 0, 1)]
    [InlineData(107, 0, -1)]
    public void Until_RenewalAndExpiry_CountFromTheRequestOfTheLastRenewal(double now, double renewal, double expiry)
    {
        Assert.Equal(Seconds(renewal), Opened.UntilRenewal(Seconds(now)));
        Assert.Equal(Seconds(expiry), Opened.UntilExpiry(Seconds(now)));
    }

    [Theory]
    [InlineData(100, 4)]
    [InlineData(103, 1)]
    [InlineData(104, 0)]
    [InlineData(105, 1)]
    [InlineData(106, 0)]
    public void UntilNextPhase_OfALiveSession_LeadsToLateAndThenToLost(double now, double expected) =>
        Assert.Equal(Seconds(expected), Opened.OnTime(Seconds(Math.Min(now, 105.999))).UntilNextPhase(Seconds(now)));

    [Fact]
    public void Initial_AtAnyTime_IsNeitherAliveNorLost()
    {
        Assert.Equal((SessionPhase.Opening, false), (SessionState.Initial.Phase, SessionState.Initial.IsAlive));
        Assert.Same(SessionState.Initial, SessionState.Initial.OnTime(Seconds(1_000)));
    }

    [Fact]
    public void Initial_OpeningFailed_CountsAndKeepsTheReason()
    {
        var state = SessionState.Initial.OnFailed("first", Seconds(1)).OnFailed("second", Seconds(2));

        Assert.Equal((SessionPhase.Opening, 2, "second"), (state.Phase, state.Failures, state.Failure));
    }

    [Fact]
    public void Opened_AfterFailures_ResetsThem()
    {
        Assert.Equal((0, null), (Opened.Failures, Opened.Failure));
        Assert.Equal((SessionPhase.Open, TimeToLive, Seconds(100)), (Opened.Phase, Opened.TimeToLive, Opened.RenewedAt));
    }

    [Fact]
    public void Opened_AnswerTookLongerThanTheTimeToLive_IsAlreadyLost() =>
        Assert.Equal(SessionPhase.Lost, SessionState.Opened(TimeToLive, askedAt: Seconds(10)).OnTime(Seconds(16)).Phase);

    [Fact]
    public void OnFailed_BeforeTheExpiry_StaysOpenAndKeepsTheReason()
    {
        var state = Opened.OnFailed("no answer", Seconds(103));

        Assert.Equal((SessionPhase.Open, 1, "no answer"), (state.Phase, state.Failures, state.Failure));
    }

    [Fact]
    public void OnFailed_AfterTheExpiry_IsLostForThatReason()
    {
        var state = Opened.OnFailed("no answer", Seconds(106));

        Assert.Equal((SessionPhase.Lost, "no answer", TimeSpan.Zero), (state.Phase, state.Failure, state.TimeToLive));
    }

    [Fact]
    public void OnRenewed_Late_IsOpenAgainWithoutFailures()
    {
        var late = Opened.OnFailed("no answer", Seconds(105));
        Assert.Equal(SessionPhase.Late, late.Phase);

        var renewed = late.OnRenewed(Seconds(105));

        Assert.Equal((SessionPhase.Open, 0, null), (renewed.Phase, renewed.Failures, renewed.Failure));
        Assert.Equal(SessionPhase.Lost, renewed.OnTime(Seconds(111)).Phase);
    }

    [Fact]
    public void Gone_AnyEvent_StaysLostUntilReopened()
    {
        var gone = SessionState.Gone("revoked");

        Assert.Same(gone, gone.OnTime(Seconds(200)));
        Assert.Equal(SessionPhase.Lost, gone.OnFailed("refused", Seconds(200)).Phase);
        Assert.False(gone.OnRenewed(Seconds(200)).OnTime(Seconds(200)).IsAlive);
    }

    /// <summary>Random histories, reproducible by their seeds.</summary>
    [Fact]
    public void Transitions_InAnyOrder_KeepTheInvariants()
    {
        for (var seed = 0; seed < Walks; seed++)
        {
            Walk(new Random(seed), seed);
        }
    }

    private static void Walk(Random random, int seed)
    {
        var now = Seconds(random.NextDouble());
        var state = SessionState.Initial;
        TimeSpan? lastSign = null;
        for (var step = 0; step < StepsOfAWalk; step++)
        {
            var askedAt = now;
            now += Seconds(random.NextDouble() * 4);
            switch (random.Next(5))
            {
                case 0 when !state.IsAlive:
                    (state, lastSign) = (SessionState.Opened(TimeToLive, askedAt), askedAt);
                    break;
                case 1 when state.OnTime(askedAt).IsAlive:
                    (state, lastSign) = (state.OnRenewed(askedAt), askedAt);
                    break;
                case 2:
                    state = state.OnFailed("failed", now);
                    break;
                case 3 when random.Next(4) == 0:
                    state = SessionState.Gone("gone");
                    break;
            }

            state = state.OnTime(now);
            Check(state, now - lastSign, $"seed {seed}, step {step}: {state} at {now}");
        }
    }

    private static void Check(SessionState state, TimeSpan? silence, string what)
    {
        // Never open after the expiry; lost within one time to live of silence.
        Assert.True(!state.IsAlive || silence < TimeToLive, what);
        Assert.True(state.Phase != SessionPhase.Late || (silence > TimeToLive * 2 / 3 && silence < TimeToLive), what);
        Assert.True(state.Phase != SessionPhase.Open || silence <= TimeToLive * 2 / 3, what);
        Assert.True(state.Failures >= 0 && (state.Failures > 0) == state.Failure is not null, what);
    }

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
