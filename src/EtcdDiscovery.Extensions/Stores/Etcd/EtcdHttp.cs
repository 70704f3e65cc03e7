using EtcdDiscovery.Stores.Etcd.Grpc;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>The one place that knows how a connection to an etcd v3 server is made.</summary>
internal static class EtcdHttp
{
    // etcd takes pings more often than every 5 s for an attack and drops the connection.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    // A member that has lost its leader answers and ends streams with "no leader" instead of keeping them, silent, for ever.
    private static readonly Dictionary<string, string> Metadata = new() { ["hasleader"] = "true" };

    public static GrpcChannel Connect(Uri address, EtcdOptions options, TimeProvider timeProvider) =>
        new(address, NewHandler(options), Metadata, timeProvider);

    private static SocketsHttpHandler NewHandler(EtcdOptions options) => new()
    {
        ConnectTimeout = options.ConnectTimeout,
        EnableMultipleHttp2Connections = false,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        KeepAlivePingDelay = PingInterval,
        KeepAlivePingTimeout = PingInterval,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Streams live for days: an activity around each, and its headers, would say nothing.
        ActivityHeadersPropagator = null,
    };
}
