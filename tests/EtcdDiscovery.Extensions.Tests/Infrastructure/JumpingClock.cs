namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A clock whose wall time can be set while its monotonic time continues.</summary>
/// <remarks><c>FakeTimeProvider</c> has one clock for both: <c>AdjustTime</c> moves <c>GetTimestamp</c>, too.</remarks>
internal sealed class JumpingClock : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
