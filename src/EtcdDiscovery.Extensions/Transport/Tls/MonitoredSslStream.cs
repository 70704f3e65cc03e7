using System.Net.Security;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>A secured stream that tells whether the server ever said anything.</summary>
internal sealed class MonitoredSslStream(Stream plain, FirstResponse firstWord) : SslStream(plain, leaveInnerStreamOpen: false)
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
            firstWord.OnFailure(error);
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
            firstWord.OnFailure(error);
            throw;
        }
    }
}
