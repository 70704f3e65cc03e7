using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>
/// A failed call to etcd. Used only within this namespace: for callers, <see cref="EtcdClient.Fail"/> translates it and adds the endpoint.
/// </summary>
/// <param name="code">The status.</param>
/// <param name="detail">What went wrong. Text from the server is sanitized.</param>
/// <param name="innerException">Never an <see cref="RpcException"/>, which prints the server's text without sanitizing it.</param>
internal sealed class EtcdCallException(StatusCode code, string detail, Exception? innerException = null)
    : Exception(detail, innerException)
{
    public StatusCode Code { get; } = code;

    /// <summary>Whether etcd cannot have seen the call: no connection was made.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>Whether etcd itself answered with this status; otherwise the transport failed.</summary>
    public bool IsAnswer { get; init; }

    /// <summary>Translates an exception of Grpc.Net.</summary>
    public static EtcdCallException From(Exception failure, EtcdCall call)
    {
        var status = (failure as RpcException)?.Status ?? new Status(StatusCode.Internal, "", failure);
        return status.DebugException switch
        {
            EtcdCallException known => known,
            null when call.HasStatus(status.StatusCode) => Answer(status),
            null when status.StatusCode == StatusCode.ResourceExhausted => TooLarge(),
            // The length does not fit into an integer. This message is the only way in which Grpc.Net reports that.
            InvalidDataException { Message: "Message too large." } => TooLarge(),
            // Drops the cause, which may quote the server.
            null => Malformed(status.Detail),
            InvalidDataException or InvalidProtocolBufferException or InvalidOperationException and not ObjectDisposedException => Malformed(status.DebugException.Message),
            var cause => FromTransport(cause),
        };
    }

    /// <summary>Creates the exception for a failure of the transport.</summary>
    public static EtcdCallException FromTransport(Exception cause) =>
        new(StatusCode.Unavailable, TransportFailure.Describe(cause, "HTTP/2"), cause) { IsUnsent = TransportFailure.IsUnsent(cause) };

    private static EtcdCallException Answer(Status status)
    {
        var (code, detail) = (status.StatusCode, status.Detail);
        return new(code, detail.Length > 0 ? LogSanitizer.Sanitize(detail) : $"status {code} without a message") { IsAnswer = true };
    }

    private static EtcdCallException TooLarge() => new(
        StatusCode.ResourceExhausted, $"a message exceeds the limit of {EtcdConnection.MaxMessageSize} bytes");

    private static EtcdCallException Malformed(string detail) =>
        new(StatusCode.Internal, $"its answer is not valid gRPC: {LogSanitizer.Sanitize(detail)}");
}
