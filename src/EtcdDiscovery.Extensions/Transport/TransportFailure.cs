using System.Net.Sockets;
using System.Security.Authentication;
using EtcdDiscovery.Transport.Tls;

namespace EtcdDiscovery.Transport;

/// <summary>Describes the nested exceptions of the HTTP stack in plain language.</summary>
internal static class TransportFailure
{
    /// <summary>The end of a message about a server that is not etcd.</summary>
    public const string NotEtcd = "this is not etcd: check EtcdDiscovery:Etcd:Endpoints (the port for clients is usually 2379)";

    // HTTP/2's NO_ERROR: the stream or connection was closed normally.
    private const long NoError = 0;

    // HTTP/2's PROTOCOL_ERROR and FRAME_SIZE_ERROR: what the server sent is not a valid frame.
    private const long ProtocolError = 1;
    private const long FrameSizeError = 6;

    // HTTP/2's HTTP_1_1_REQUIRED: the server wants HTTP/1.1.
    private const long Http11Required = 13;

    /// <summary>Whether the request cannot have reached a server.</summary>
    /// <remarks>A connect timeout is a cancellation that wraps the handler's TimeoutException. Grpc.Net adds another wrapper.</remarks>
    public static bool IsUnsent(Exception exception) => exception
        is HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }
        or OperationCanceledException { InnerException: TimeoutException or OperationCanceledException { InnerException: TimeoutException } }
        || (exception is ObjectDisposedException { ObjectName: var name } && IsHandler(name));

    /// <summary>Describes what went wrong between this process and a server.</summary>
    /// <param name="exception">What the HTTP stack threw.</param>
    /// <param name="protocol">The protocol that the server was expected to speak.</param>
    public static string Describe(Exception exception, string protocol)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (DescribeRoot(cause, protocol) is { } text)
            {
                return text;
            }
        }

        return exception switch
        {
            HttpRequestException e => Describe(e.HttpRequestError, protocol),
            HttpIOException e => Describe(e.HttpRequestError, protocol),
            OperationCanceledException => "the connection was abandoned",
            _ => "the connection failed",
        };
    }

    // A disposed handler throws before it sends anything. It was disposed because another call has just left the endpoint.
    private static bool IsHandler(string name) =>
        name == typeof(HttpMessageInvoker).FullName || name.EndsWith("Handler", StringComparison.Ordinal);

    private static string? DescribeRoot(Exception cause, string protocol) => cause switch
    {
        TlsException e => e.Message,
        SocketException e => Describe(e.SocketErrorCode),
        HttpProtocolException { ErrorCode: Http11Required } => Describe(HttpRequestError.HttpProtocolError, protocol),
        HttpProtocolException { ErrorCode: ProtocolError or FrameSizeError } => $"it violates {protocol}; if that persists, {NotEtcd}",
        HttpProtocolException { ErrorCode: NoError } => "the connection was closed",
        HttpProtocolException e => $"the stream was reset (HTTP/2 error {e.ErrorCode})",
        AuthenticationException => "the TLS handshake failed",
        ObjectDisposedException { ObjectName: var name } when IsHandler(name) => "the connection was abandoned",
        // The HTTP stack disposes its socket if the server's first bytes are not HTTP/2, or if none arrive.
        ObjectDisposedException => $"it did not complete the {protocol} handshake; if that persists, {NotEtcd}",
        // The handler's ConnectTimeout has passed. Timeouts of whole requests are handled earlier.
        TimeoutException => "connecting took too long",
        _ => null,
    };

    private static string Describe(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown => "connection reset",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "host name not found",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "no route to the host",
        SocketError.TimedOut => "connection timed out",
        _ => $"connection failed ({error})",
    };

    private static string Describe(HttpRequestError error, string protocol) => error switch
    {
        HttpRequestError.NameResolutionError => "host name not found",
        HttpRequestError.SecureConnectionError => "the TLS handshake failed",
        HttpRequestError.HttpProtocolError or HttpRequestError.InvalidResponse => $"it does not speak {protocol}, so {NotEtcd}",
        HttpRequestError.ResponseEnded => "the connection was closed",
        _ => $"the connection failed ({error})",
    };
}
