using EtcdDiscovery.Stores.Etcd.Grpc;
using EtcdDiscovery.Stores.Tls;

namespace EtcdDiscovery.Stores.Etcd;

/// <summary>The one place that knows how a connection to an etcd v3 server is made.</summary>
internal static class EtcdHttp
{
    // etcd takes pings more often than every 5 s for an attack and drops the connection.
    private static readonly TimeSpan PingInterval = TimeSpan.FromSeconds(10);

    // A member that has lost its leader answers and ends streams with "no leader" instead of keeping them, silent, for ever.
    private static readonly Dictionary<string, string> Metadata = new() { ["hasleader"] = "true" };

    public static GrpcChannel Connect(Uri address, EtcdOptions options, TimeProvider timeProvider)
    {
        var connector = new TlsConnector(options.Tls, timeProvider);
        return new GrpcChannel(address, NewHandler(options, connector), Metadata, timeProvider, () => connector.Refusal);
    }

    private static SocketsHttpHandler NewHandler(EtcdOptions options, TlsConnector connector)
    {
        var handler = StoreHttp.NewHandler(options, connector);
        handler.EnableMultipleHttp2Connections = false;
        handler.PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan;
        handler.KeepAlivePingDelay = PingInterval;
        handler.KeepAlivePingTimeout = PingInterval;
        handler.KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests;
        return handler;
    }
}
