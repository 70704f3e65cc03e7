using System.Net.Sockets;

namespace EtcdDiscovery.Stores.EtcdV2;

/// <summary>The one place that knows how connections for the v2 keys API are made.</summary>
internal static class V2Http
{
    // A poll may say nothing for days: without these, nobody would notice that whoever is between has forgotten it.
    private const int KeepAliveAfterSeconds = 30;
    private const int KeepAliveIntervalSeconds = 5;
    private const int KeepAliveProbes = 3;

    public static V2Connection Connect(Uri address, EtcdOptions options) => new(address, new SocketsHttpHandler
    {
        ConnectTimeout = options.ConnectTimeout,
        ConnectCallback = ConnectAsync,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        // Polls live for days: an activity around each, and its headers, would say nothing.
        ActivityHeadersPropagator = null,
    });

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, KeepAliveAfterSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, KeepAliveIntervalSeconds);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, KeepAliveProbes);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
