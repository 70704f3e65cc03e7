using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>
/// Sits between Grpc.Net and the connection. Sends the timeout, because Grpc.Net sends it only with its own deadline, and captures the
/// response, which Grpc.Net hides.
/// </summary>
internal sealed class EtcdCallHandler(HttpMessageHandler connection) : DelegatingHandler(connection)
{
    // Grpc.Net sends a request in the execution context of its call. Nothing else shows which call a request belongs to.
    private static readonly AsyncLocal<EtcdCall?> Current = new();

    /// <summary>Starts a call.</summary>
    public static T Start<T>(EtcdCall call, Func<T> start)
    {
        Current.Value = call;
        try
        {
            return start();
        }
        finally
        {
            Current.Value = null;
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var call = Current.Value;
        if (call?.Timeout is { } timeout)
        {
            // Grpc.Net sends this header only if the call has a deadline, and it measures deadlines with the wall clock.
            request.Headers.TryAddWithoutValidation(
                "grpc-timeout", string.Create(CultureInfo.InvariantCulture, $"{(long)timeout.TotalMilliseconds}m"));
        }

        var response = await base.SendAsync(request, cancellationToken).ConfigureAwait(false);
        if (!IsGrpc(response))
        {
            using (response)
            {
                throw NotGrpc(response);
            }
        }

        if (call is not null)
        {
            call.Response = response;
        }

        return response;
    }

    // If a call fails before its first message, the response has no trailers, and the headers contain the status.
    private static bool IsGrpc(HttpResponseMessage response) =>
        response.Headers.NonValidated.Contains("grpc-status")
        || (response.StatusCode == HttpStatusCode.OK
            && response.Content.Headers.ContentType?.MediaType is { } type
            && (type.Equals("application/grpc", StringComparison.OrdinalIgnoreCase)
                || type.StartsWith("application/grpc+", StringComparison.OrdinalIgnoreCase)));

    private static EtcdCallException NotGrpc(HttpResponseMessage response) => new(
        response.StatusCode == HttpStatusCode.OK ? StatusCode.Unimplemented : CodeOf(response.StatusCode),
        $"it answered HTTP {(int)response.StatusCode} ({response.StatusCode}) with content type "
            + $"'{LogSanitizer.Sanitize(response.Content.Headers.ContentType?.MediaType ?? "none")}' instead of gRPC, so {TransportFailure.NotEtcd}");

    // The mapping that gRPC specifies for responses that are not gRPC.
    private static StatusCode CodeOf(HttpStatusCode status) => status switch
    {
        HttpStatusCode.BadRequest => StatusCode.Internal,
        HttpStatusCode.Unauthorized => StatusCode.Unauthenticated,
        HttpStatusCode.Forbidden => StatusCode.PermissionDenied,
        HttpStatusCode.NotFound => StatusCode.Unimplemented,
        HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable
            or HttpStatusCode.GatewayTimeout => StatusCode.Unavailable,
        _ => StatusCode.Unknown,
    };
}
