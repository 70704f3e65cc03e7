using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using EtcdDiscovery.Model;

namespace EtcdDiscovery.Stores.Etcd.Grpc;

/// <summary>Judges an HTTP response by the rules of gRPC.</summary>
internal static class GrpcResponse
{
    /// <summary>Throws unless the response's head promises gRPC messages.</summary>
    public static void EnsureMessages(HttpResponseMessage response)
    {
        // A failure before the first message comes as headers only: the status stands where trailers cannot be.
        if (response.Headers.NonValidated.Contains("grpc-status"))
        {
            EnsureOk(response.Headers);
        }

        if (response.StatusCode != HttpStatusCode.OK)
        {
            throw NotGrpc(response, CodeOf(response.StatusCode));
        }

        var contentType = response.Content.Headers.ContentType?.MediaType;
        if (contentType is null || !contentType.StartsWith("application/grpc", StringComparison.OrdinalIgnoreCase))
        {
            throw NotGrpc(response, GrpcStatusCode.Unimplemented);
        }
    }

    /// <summary>Throws unless the response, read to its end, is a success.</summary>
    public static void EnsureOk(HttpResponseMessage response) =>
        EnsureOk(response.Headers.NonValidated.Contains("grpc-status") ? response.Headers : response.TrailingHeaders);

    private static void EnsureOk(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues("grpc-status", out var status))
        {
            throw new GrpcException(GrpcStatusCode.Unavailable, "the stream ended without a status");
        }

        if (!int.TryParse(status.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var code))
        {
            throw new GrpcException(GrpcStatusCode.Internal, "the stream ended with an unreadable status");
        }

        if (code != (int)GrpcStatusCode.Ok)
        {
            throw new GrpcException((GrpcStatusCode)code, MessageOf(headers, (GrpcStatusCode)code)) { IsAnswer = true };
        }
    }

    private static string MessageOf(HttpResponseHeaders headers, GrpcStatusCode code) =>
        headers.NonValidated.TryGetValues("grpc-message", out var message) && message.ToString() is { Length: > 0 } text
            ? Untrusted.Print(Uri.UnescapeDataString(text))
            : $"status {code} without a message";

    private static GrpcException NotGrpc(HttpResponseMessage response, GrpcStatusCode code) =>
        new(code, $"it answered HTTP {(int)response.StatusCode} ({response.StatusCode}) with content type "
            + $"'{Untrusted.Print(response.Content.Headers.ContentType?.MediaType ?? "none")}' instead of gRPC; is it an etcd v3 endpoint?");

    // The mapping that gRPC prescribes for proxies and servers that answer in plain HTTP.
    private static GrpcStatusCode CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => GrpcStatusCode.Internal,
        HttpStatusCode.Unauthorized => GrpcStatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => GrpcStatusCode.PermissionDenied,
        HttpStatusCode.NotFound => GrpcStatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Unknown,
    };
}
