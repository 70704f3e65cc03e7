extern alias library;

using Microsoft.Extensions.Time.Testing;
using LogThrottle = library::EtcdDiscovery.Primitives.LogThrottle;

namespace EtcdDiscovery.Tests.Primitives;

public sealed class LogThrottleTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Event_CausedWithoutEnd_IsLoggedAFewTimesInEachWindowWithTheNumberLeftOut()
    {
        var throttle = new LogThrottle(_clock);
        var logged = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            if (throttle.Allows(out var leftOut))
            {
                logged.Add(leftOut);
            }

            _clock.Advance(LogThrottle.Window / 100);
        }

        Assert.Equal(
            ["", "", "", "", "", " (95 more such events were not logged)", "", "", "", ""],
            logged);
    }

    [Fact]
    public void Event_NowAndThen_IsAlwaysLogged()
    {
        var throttle = new LogThrottle(_clock);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(throttle.Allows(out var leftOut));
            Assert.Equal("", leftOut);
            _clock.Advance(LogThrottle.Window / LogThrottle.MaxLogged);
        }
    }
}
