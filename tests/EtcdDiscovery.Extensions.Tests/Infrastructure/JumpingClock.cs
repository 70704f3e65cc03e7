namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A machine whose wall clock can be set while its monotonic time goes on.</summary>
/// <remarks><c>FakeTimeProvider</c> has one clock for both: its <c>AdjustTime</c> moves <c>GetTimestamp</c> along.</remarks>
internal sealed class JumpingClock : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
