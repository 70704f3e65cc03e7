using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.Transport.Tls;

/// <summary>Knows of one connection whether the server has said anything yet, and what it means when it ends without.</summary>
/// <remarks>
/// In TLS 1.3 the client is done before the server has looked at the client's certificate: a refusal arrives only with the
/// first read, or closes the connection under the first write. By then the error no longer names the certificate.
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
            report(explain("it said nothing"));
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
