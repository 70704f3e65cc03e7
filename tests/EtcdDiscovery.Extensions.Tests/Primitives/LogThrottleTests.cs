extern alias library;

using Microsoft.Extensions.Time.Testing;
using LogThrottle = library::EtcdDiscovery.Primitives.LogThrottle;

namespace EtcdDiscovery.Tests.Primitives;

public sealed class LogThrottleTests
{
    private readonly FakeTimeProvider _clock = new();

    [Fact]
    public void Event_Frequent_IsLoggedAFewTimesPerWindowWithTheSuppressedCount()
    {
        var throttle = new LogThrottle(_clock);
        var logged = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            if (throttle.Allows(out var suppressed))
            {
                logged.Add(suppressed);
            }

            _clock.Advance(LogThrottle.Window / 100);
        }

        Assert.Equal(
            ["", "", "", "", "", " (95 more such events were not logged)", "", "", "", ""],
            logged);
    }

    [Fact]
    public void Event_Rare_IsAlwaysLogged()
    {
        var throttle = new LogThrottle(_clock);
        for (var i = 0; i < 20; i++)
        {
            Assert.True(throttle.Allows(out var suppressed));
            Assert.Equal("", suppressed);
            _clock.Advance(LogThrottle.Window / LogThrottle.MaxLogged);
        }
    }
}
