using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using EtcdDiscovery.Transport;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>
/// Sits between Grpc.Net and the connection: sends the timeout, which Grpc.Net cannot, and captures the response, which Grpc.Net hides.
/// </summary>
internal sealed class EtcdCallHandler(HttpMessageHandler connection) : DelegatingHandler(connection)
{
    // Grpc.Net sends a request in the execution context of the call, which is the only way to find out which call it belongs to.
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
            // Grpc.Net sends this header only with a deadline, which it enforces by the wall clock.
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

    // A failure before the first message consists of headers only, so the status is among them instead of the trailers.
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

    // The mapping that gRPC specifies for plain HTTP responses.
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
