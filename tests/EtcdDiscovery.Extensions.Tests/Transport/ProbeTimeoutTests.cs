using EtcdDiscovery.Transport;

namespace EtcdDiscovery.Tests.Transport;

/// <summary>How long a member may take to answer a probe.</summary>
public sealed class ProbeTimeoutTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ProbeTimeout _timeout = new(requestTimeout: 3 * Second, endpoints: 2);

    [Fact]
    public void Timeout_OneMemberFails_StaysShort()
    {
        _timeout.OnFailed();

        Assert.Equal(Second, _timeout.Current);
    }

    [Fact]
    public void Timeout_NoMemberAnswersInTime_GrowsToTheRequestTimeout()
    {
        _timeout.OnFailed();
        _timeout.OnFailed();
        Assert.Equal(2 * Second, _timeout.Current);
        _timeout.OnFailed();
        Assert.Equal(3 * Second, _timeout.Current);
    }

    [Theory]
    [InlineData(0.01, 1)]
    [InlineData(0.5, 2.5)]
    [InlineData(2, 3)]
    public void Timeout_AfterAnAnswer_FollowsItsLatency(double latency, double expected)
    {
        _timeout.OnFailed();
        _timeout.OnFailed();
        _timeout.OnAnswered(latency * Second);

        Assert.Equal(expected * Second, _timeout.Current);
    }

    [Fact]
    public void Timeout_OfTheOnlyEndpoint_IsTheRequestTimeout() =>
        Assert.Equal(3 * Second, new ProbeTimeout(requestTimeout: 3 * Second, endpoints: 1).Current);
}
