namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A machine whose wall clock can be set while its time goes on.</summary>
internal sealed class JumpingClock : TimeProvider
{
    public TimeSpan Offset { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Offset;
}
