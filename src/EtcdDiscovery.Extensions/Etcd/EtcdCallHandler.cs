using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>Between Grpc.Net and the connection: sends what Grpc.Net cannot, and sees what it does not tell.</summary>
internal sealed class EtcdCallHandler(HttpMessageHandler connection) : DelegatingHandler(connection)
{
    // Grpc.Net sends a request in the execution context in which the call was started, and has no other way to tell which call it is.
    private static readonly AsyncLocal<EtcdCall?> Current = new();

    /// <summary>Starts a call of Grpc.Net's.</summary>
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
            // Grpc.Net sends it only with a deadline by the wall clock, which it then enforces.
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

    // A failure before the first message comes as headers only: the status stands where trailers cannot be.
    private static bool IsGrpc(HttpResponseMessage response) =>
        response.Headers.NonValidated.Contains("grpc-status")
        || (response.StatusCode == HttpStatusCode.OK
            && response.Content.Headers.ContentType?.MediaType is { } type
            && (type.Equals("application/grpc", StringComparison.OrdinalIgnoreCase)
                || type.StartsWith("application/grpc+", StringComparison.OrdinalIgnoreCase)));

    private static EtcdCallException NotGrpc(HttpResponseMessage response) => new(
        response.StatusCode == HttpStatusCode.OK ? StatusCode.Unimplemented : CodeOf(response.StatusCode),
        $"it answered HTTP {(int)response.StatusCode} ({response.StatusCode}) with content type "
            + $"'{LogSanitizer.Sanitize(response.Content.Headers.ContentType?.MediaType ?? "none")}' instead of gRPC; is it an etcd v3 endpoint?");

    // The mapping that gRPC prescribes for proxies and servers that answer in plain HTTP.
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
