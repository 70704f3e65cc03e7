using System.Net.Sockets;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>A primary handler that connects to this machine only, and says what it would have asked DNS for otherwise.</summary>
internal static class DnsRecorder
{
    public static SocketsHttpHandler NewHandler() => new()
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            if (context.DnsEndPoint.Host != "localhost")
            {
                throw new InvalidOperationException($"asked DNS for {context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}");
            }

            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>What a client would have asked DNS for.</summary>
    public static async Task<string?> AskedForAsync(HttpClient client, string url, CancellationToken cancellationToken)
    {
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(url), cancellationToken));
        return error.InnerException?.Message;
    }
}
