using System.Net.Sockets;

namespace EtcdDiscovery.BlackBox.Clients;

/// <summary>A primary handler that connects only to the local machine, and reports the name that it would have resolved by DNS.</summary>
internal static class DnsRecorder
{
    public static SocketsHttpHandler NewHandler() => new()
    {
        ConnectCallback = async (context, cancellationToken) =>
        {
            if (context.DnsEndPoint.Host != "localhost")
            {
                throw new InvalidOperationException($"DNS query for {context.DnsEndPoint.Host}:{context.DnsEndPoint.Port}");
            }

            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    };

    /// <summary>Sends a request and returns the name that the client would have resolved by DNS.</summary>
    public static async Task<string?> GetDnsQueryAsync(HttpClient client, string url, CancellationToken cancellationToken)
    {
        var error = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri(url), cancellationToken));
        return error.InnerException?.Message;
    }
}
