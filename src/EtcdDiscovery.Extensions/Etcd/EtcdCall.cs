using System.Globalization;
using System.Net.Http.Headers;
using Grpc.Core;

namespace EtcdDiscovery.Etcd;

/// <summary>The state that <see cref="EtcdCallHandler"/> needs for a call, and the response that it has received.</summary>
/// <param name="timeout">The time limit to send to etcd; null for a stream.</param>
internal sealed class EtcdCall(TimeSpan? timeout)
{
    public TimeSpan? Timeout { get; } = timeout;

    /// <summary>The response; Grpc.Net disposes it.</summary>
    public HttpResponseMessage? Response { get; set; }

    /// <summary>Whether the server ended the call with this status. Grpc.Net uses the same codes for its own failures.</summary>
    public bool HasStatus(StatusCode code) =>
        Response is { } response && (StatusIn(response.TrailingHeaders) ?? StatusIn(response.Headers)) == (int)code;

    public static int? StatusIn(HttpResponseHeaders headers) =>
        headers.NonValidated.TryGetValues("grpc-status", out var values)
        && int.TryParse(values.ToString(), NumberStyles.None, CultureInfo.InvariantCulture, out var status)
            ? status
            : null;
}
