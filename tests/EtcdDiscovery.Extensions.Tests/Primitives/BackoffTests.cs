using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Tests.Primitives;

/// <summary>The delay before a retry.</summary>
public sealed class BackoffTests
{
    private static readonly Backoff Default = new(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(2));

    [Theory]
    [InlineData(1, 200)]
    [InlineData(2, 400)]
    [InlineData(3, 800)]
    [InlineData(4, 1_600)]
    [InlineData(5, 2_000)]
    [InlineData(6, 2_000)]
    [InlineData(1_000, 2_000)]
    [InlineData(int.MaxValue, 2_000)]
    public void Delay_WithoutJitter_DoublesUpToTheMaximum(int failures, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Default.DelayAfter(failures, random: 1));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Delay_BeforeTheFirstFailure_IsTheFirstDelay(int failures) =>
        Assert.Equal(Default.First, Default.DelayAfter(failures, random: 1));

    [Theory]
    [InlineData(0, 400)]
    [InlineData(0.5, 600)]
    [InlineData(1, 800)]
    public void Delay_WithJitter_IsInTheUpperHalf(double random, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), Default.DelayAfter(3, random));

    [Fact]
    public void Delay_OfManyHosts_IsSpread()
    {
        var delays = Enumerable.Range(0, 1_000).Select(_ => Default.DelayAfter(5)).ToList();

        Assert.All(delays, delay => Assert.InRange(delay, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2)));
        // Of 1,000 uniform draws, about 100 fall into each tenth of the second; fewer than 30 is practically impossible.
        Assert.All(
            delays.GroupBy(delay => Math.Min(9, (int)((delay.TotalSeconds - 1) * 10))),
            tenth => Assert.True(tenth.Count() > 30, $"Only {tenth.Count()} delays in tenth {tenth.Key}."));
    }

    [Fact]
    public void Delay_FirstIsMaximum_IsConstant()
    {
        var second = TimeSpan.FromSeconds(1);

        Assert.All(Enumerable.Range(1, 50), failures => Assert.Equal(second, new Backoff(second, second).DelayAfter(failures, 1)));
    }

    [Fact]
    public void Delay_AtTheLimits_DoesNotOverflow()
    {
        var widest = new Backoff(TimeSpan.FromSeconds(0.01), TimeSpan.FromMinutes(5));

        Assert.Equal(TimeSpan.FromMinutes(5), widest.DelayAfter(int.MaxValue, 1));
        Assert.Equal(
            TimeSpan.FromMinutes(5), new Backoff(TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(5)).DelayAfter(int.MaxValue, 1));
    }
}
