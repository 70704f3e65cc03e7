using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>Tracks whether the server has sent anything on a connection, and explains why the connection ended if it has not.</summary>
/// <remarks>
/// In TLS 1.3, the client completes the handshake before the server verifies the client certificate. If the server then rejects the
/// certificate, the first read or write fails, with an error that does not mention the certificate.
/// </remarks>
internal sealed class FirstResponse(Action<string?> report, Func<string, string> explain)
{
    private volatile bool _heard;

    public void OnRead(int read, int asked)
    {
        if (_heard || asked == 0)
        {
            return;
        }

        if (read == 0)
        {
            report(explain("it sent nothing"));
            return;
        }

        _heard = true;
        report(null);
    }

    public void OnFailure(Exception error)
    {
        if (!_heard)
        {
            report(explain(Innermost(error)));
        }
    }

    public static string Innermost(Exception error) =>
        error.InnerException is { } inner ? Innermost(inner) : LogSanitizer.Sanitize(error.Message.TrimEnd('.'));
}
