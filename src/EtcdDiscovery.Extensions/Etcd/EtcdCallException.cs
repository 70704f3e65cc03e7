using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Google.Protobuf;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>A call to etcd that failed. Stays in this folder: <see cref="EtcdClient.Fail"/> translates it and names the endpoint.</summary>
/// <param name="code">The status.</param>
/// <param name="detail">What went wrong. Text from the server is sanitized.</param>
/// <param name="innerException">Never an <see cref="RpcException"/>, which prints the server's text as it is.</param>
internal sealed class EtcdCallException(StatusCode code, string detail, Exception? innerException = null)
    : Exception(detail, innerException)
{
    public StatusCode Code { get; } = code;

    /// <summary>Whether etcd cannot have seen the call: no connection was made.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>Whether etcd itself answered with this status; otherwise the way to it failed.</summary>
    public bool IsAnswer { get; init; }

    /// <summary>Finds out what a failure of Grpc.Net's means.</summary>
    public static EtcdCallException From(Exception failure, EtcdCall call)
    {
        var status = (failure as RpcException)?.Status ?? new Status(StatusCode.Internal, "", failure);
        return status.DebugException switch
        {
            EtcdCallException known => known,
            null when call.HasStatus(status.StatusCode) => Answer(status),
            null when status.StatusCode == StatusCode.ResourceExhausted => TooLarge(),
            // The length does not even fit into an integer. Grpc.Net has no other sign of it.
            InvalidDataException { Message: "Message too large." } => TooLarge(),
            // Without the cause, which may quote the server.
            null => Malformed(status.Detail),
            InvalidDataException or InvalidProtocolBufferException or InvalidOperationException and not ObjectDisposedException => Malformed(status.DebugException.Message),
            var cause => OnTheWay(cause),
        };
    }

    /// <summary>A failure on the way to etcd or back.</summary>
    public static EtcdCallException OnTheWay(Exception cause) =>
        new(StatusCode.Unavailable, TransportFailure.Describe(cause, "HTTP/2"), cause) { IsUnsent = TransportFailure.IsUnsent(cause) };

    private static EtcdCallException Answer(Status status)
    {
        var (code, detail) = (status.StatusCode, status.Detail);
        return new(code, detail.Length > 0 ? LogSanitizer.Sanitize(detail) : $"status {code} without a message") { IsAnswer = true };
    }

    private static EtcdCallException TooLarge() => new(
        StatusCode.ResourceExhausted, $"a message of more than the limit of {EtcdConnection.MaxMessageSize} bytes");

    private static EtcdCallException Malformed(string detail) =>
        new(StatusCode.Internal, $"its answer is not valid gRPC: {LogSanitizer.Sanitize(detail)}");
}
