using System.Net.Sockets;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A plain-text stream that reports whether the server has sent anything. A server that expects TLS sends nothing.</summary>
internal sealed class MonitoredNetworkStream(Socket socket, FirstResponse firstResponse) : NetworkStream(socket, ownsSocket: true)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            firstResponse.OnRead(read, buffer.Length);
            return read;
        }
        catch (IOException error)
        {
            // If a server closes a connection that still has unread data, the connection is reset.
            firstResponse.OnFailure(error);
            throw;
        }
    }
}
