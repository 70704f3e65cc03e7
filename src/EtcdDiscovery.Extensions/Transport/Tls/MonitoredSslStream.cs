using System.Net.Security;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A TLS stream that reports whether the server has sent anything.</summary>
internal sealed class MonitoredSslStream(Stream plain, FirstResponse firstResponse) : SslStream(plain, leaveInnerStreamOpen: false)
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
            firstResponse.OnFailure(error);
            throw;
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await base.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        }
        catch (IOException error)
        {
            firstResponse.OnFailure(error);
            throw;
        }
    }
}
