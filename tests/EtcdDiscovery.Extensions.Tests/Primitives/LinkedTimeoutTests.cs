using EtcdDiscovery.Primitives;
using Microsoft.Extensions.Time.Testing;

namespace EtcdDiscovery.Tests.Primitives;

/// <summary>A timeout linked to the token of the caller.</summary>
public sealed class LinkedTimeoutTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(3);

    private readonly FakeTimeProvider _clock = new();
    private readonly CancellationTokenSource _caller = new();

    public void Dispose() => _caller.Dispose();

    [Theory]
    [InlineData(2, false, false, false)]
    [InlineData(3, false, true, true)]
    [InlineData(2, true, true, false)]
    [InlineData(3, true, true, false)]
    public void Timeout_LimitReachedOrCancelled_HasExpiredOnlyWithoutCancellation(int seconds, bool cancels, bool isCancelled, bool hasExpired)
    {
        using var timeout = new LinkedTimeout(Limit, _clock, _caller.Token);

        _clock.Advance(TimeSpan.FromSeconds(seconds));
        if (cancels)
        {
            _caller.Cancel();
        }

        Assert.Equal((isCancelled, hasExpired), (timeout.Token.IsCancellationRequested, timeout.HasExpired));
    }

    [Fact]
    public void Timeout_Disposed_LeavesNoTimer()
    {
        var timeout = new LinkedTimeout(Limit, _clock, _caller.Token);
        var token = timeout.Token;

        timeout.Dispose();
        _clock.Advance(Limit * 2);
        _caller.Cancel();

        Assert.False(token.IsCancellationRequested);
    }
}
