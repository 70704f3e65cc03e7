using System.Net.Http.Json;

namespace EtcdDiscovery.Http;

/// <summary>Decides whether a request that failed at one instance may be sent to another.</summary>
internal static class ReplayPolicy
{
    /// <summary>
    /// Whether no byte of the request was sent, because connecting failed. Its content has not been read, so even content that can be read
    /// only once can be sent.
    /// </summary>
    public static bool WasNotSent(HttpRequestMessage request, Exception error) => request.Content is not ObservedContent { HasBegun: true } && error switch
    {
        HttpRequestException http => http.HttpRequestError
            is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        // SocketsHttpHandler throws this when its ConnectTimeout expires.
        OperationCanceledException => error.InnerException is TimeoutException,
        _ => false,
    };

    /// <summary>Whether the connection broke before a response started. The instance may have acted on the request.</summary>
    public static bool WasCutOff(Exception error) => error is HttpRequestException { StatusCode: null } http
        && (http.HttpRequestError == HttpRequestError.ResponseEnded
            || (http is { HttpRequestError: HttpRequestError.Unknown, InnerException: IOException }));

    /// <summary>Whether a request is idempotent (RFC 9110, 9.2.2) and its content can be sent again.</summary>
    public static bool IsRepeatable(HttpRequestMessage request) =>
        IsIdempotent(request.Method) && CanBeReadAgain(request.Content);

    private static bool IsIdempotent(HttpMethod method) =>
        method == HttpMethod.Get || method == HttpMethod.Head || method == HttpMethod.Put || method == HttpMethod.Delete
        || method == HttpMethod.Options || method == HttpMethod.Trace;

    private static bool CanBeReadAgain(HttpContent? content) => content switch
    {
        null or ByteArrayContent or ReadOnlyMemoryContent or JsonContent => true,
        ObservedContent observed => CanBeReadAgain(observed.Original),
        MultipartContent parts => parts.All(CanBeReadAgain),
        _ => false,
    };
}
