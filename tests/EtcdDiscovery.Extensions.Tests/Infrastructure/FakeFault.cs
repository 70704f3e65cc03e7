namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>What a <see cref="FakeEtcd"/> does instead of answering.</summary>
/// <param name="Status">The gRPC status that ends the call; null to never answer.</param>
/// <param name="Message">The message of the status.</param>
public sealed record FakeFault(int? Status, string? Message = null)
{
    /// <summary>Accepts bytes and never answers.</summary>
    public static FakeFault Silence { get; } = new(Status: null);

    /// <summary>Ends the call with success, but without an answer.</summary>
    public static FakeFault CleanEnd { get; } = new(0);

    public static FakeFault NoSpace { get; } = new(8, "etcdserver: mvcc: database space exceeded");

    public static FakeFault TooManyRequests { get; } = new(8, "etcdserver: too many requests");

    public static FakeFault TokenExpired { get; } = new(16, "etcdserver: invalid auth token");

    public static FakeFault LeaderChanged { get; } = new(14, "etcdserver: leader changed");

    public static FakeFault LeaderChangedWithoutStatus { get; } = new(2, "etcdserver: leader changed");

    public static FakeFault PermissionDenied { get; } = new(7, "etcdserver: permission denied");

    public static FakeFault InvalidArgument { get; } = new(3, "etcdserver: request is too large");
}
