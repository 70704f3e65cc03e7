using EtcdDiscovery.Primitives;
using EtcdDiscovery.Registration;
using EtcdDiscovery.Stores;
using Microsoft.Extensions.Logging.Abstractions;

namespace EtcdDiscovery.Tests.Registration;

/// <summary>When sessions are renewed.</summary>
public sealed class SessionRenewalTests
{
    private const int Hosts = 50;

    private static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(3);
    private static readonly Backoff Backoff = new(TimeSpan.FromSeconds(0.2), TimeSpan.FromSeconds(2));

    [Fact]
    public async Task Hosts_ThatRegisterAtTheSameTime_RenewAtDifferentTimes()
    {
        using var store = new InMemoryDiscoveryStore();
        using var ending = new CancellationTokenSource();
        var clock = new TimerTimes();
        for (var host = 0; host < Hosts; host++)
        {
            var session = await store.OpenSessionAsync(TimeToLive, TestContext.Current.CancellationToken);
            var current = new ProcessSession(clock, () => { }, ending.Token);
            current.OnOpened(session, current.Now);
            _ = new SessionRenewal(current, Backoff, clock, NullLogger.Instance).RenewAsync(session, ending.Token);
        }

        Assert.Equal(Hosts, clock.Times.Count);
        Assert.All(clock.Times, time => Assert.InRange(time, TimeSpan.Zero, TimeToLive / 3));
        // The times are random: this fails by chance once in 10^13 runs.
        Assert.InRange(clock.Times.Max() - clock.Times.Min(), TimeToLive / 3 / 2, TimeToLive / 3);
        await ending.CancelAsync();
    }

    /// <summary>Notes when timers are due, which never elapse.</summary>
    private sealed class TimerTimes : TimeProvider
    {
        public List<TimeSpan> Times { get; } = [];

        public override long GetTimestamp() => 0;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Times.Add(dueTime);
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, period);
        }
    }
}
