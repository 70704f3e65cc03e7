using System.Net.Sockets;
using EtcdDiscovery.Transport;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.EtcdV2;

/// <summary>Creates connections for the v2 keys API.</summary>
internal static class V2Http
{
    // A poll may be silent for days. Without keep-alive probes, it would go unnoticed that a middlebox dropped the connection.
    private const int KeepAliveAfterSeconds = 30;
    private const int KeepAliveIntervalSeconds = 5;
    private const int KeepAliveProbes = 3;

    public static V2Connection Connect(
        Uri address, EtcdOptions options, TimeProvider timeProvider, Func<EtcdLogin?> login)
    {
        var connector = new TlsConnector(options.Tls, timeProvider, KeepAlive);
        return new V2Connection(address, StoreHttp.NewHandler(options, connector), login, () => connector.Refusal);
    }

    private static void KeepAlive(Socket socket)
    {
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveAfterSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
    }
}
