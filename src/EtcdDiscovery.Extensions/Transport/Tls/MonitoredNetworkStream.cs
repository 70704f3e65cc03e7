using System.Net.Sockets;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A plain stream that tells whether the server ever said anything: one that expects TLS does not.</summary>
internal sealed class MonitoredNetworkStream(Socket socket, FirstResponse firstWord) : NetworkStream(socket, ownsSocket: true)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            var read = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
            firstWord.OnRead(read, buffer.Length);
            return read;
        }
        catch (IOException error)
        {
            // A server that closes without having read everything resets the connection.
            firstWord.OnFailure(error);
            throw;
        }
    }
}
