using System.Globalization;
using System.Net;
using System.Text.Json;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Transport;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A successful response, or one that says that the request's condition did not hold.</summary>
/// <param name="Revision">The revision of the member.</param>
/// <param name="Document">The document.</param>
internal sealed record V2Response(StoreRevision Revision, V2Document Document)
{
    // The same limit as in the v3 store: far more than a service needs, but not enough to exhaust memory.
    private const int MaxLength = 64 * 1024 * 1024;

    // In memory, a node takes several times the size of its shortest JSON. A node that etcd really sends has more than 60 bytes.
    private const int MinNodeLength = 32;

    // Up to this number of nodes, their length is not checked.
    private const int MaxShortNodes = 1_000;

    public bool IsKeyMissing => Document.ErrorCode == V2ErrorCode.KeyNotFound;

    public bool IsKeyThere => Document.ErrorCode == V2ErrorCode.KeyExists;

    /// <summary>Whether the condition of the request did not hold.</summary>
    public bool IsRefused => Document.ErrorCode != 0;

    /// <summary>The node. Present unless a condition did not hold.</summary>
    /// <exception cref="EtcdDiscoveryException">
    /// There is no node: the response reports a failed condition, but the request had no condition.
    /// </exception>
    public V2Node Node => Document.Node
        ?? throw new EtcdDiscoveryException(
            "Etcd sent an answer that does not conform to the v2 keys API: it has no node.", isTransient: true);

    /// <exception cref="V2Failure">The request failed.</exception>
    public static async Task<V2Response> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var body = await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false);
        var document = Parse(body, response.StatusCode);
        if (document is { ErrorCode: V2ErrorCode.KeyNotFound or V2ErrorCode.CompareFailed or V2ErrorCode.KeyExists })
        {
            return new(RevisionOf(response), document);
        }

        if (response.StatusCode is not (HttpStatusCode.OK or HttpStatusCode.Created))
        {
            throw V2Failure.OfStatus(response.StatusCode, document);
        }

        return document is { ErrorCode: 0, Node: not null } ? new(RevisionOf(response), document) : throw NotV2Answer();
    }

    /// <summary>Verifies that a request succeeded.</summary>
    /// <exception cref="V2Failure">The request failed.</exception>
    public static async Task CheckAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var body = await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false);
            throw V2Failure.OfStatus(response.StatusCode, Parse(body, response.StatusCode));
        }
    }

    /// <summary>The revision of the member when it started to respond.</summary>
    public static StoreRevision RevisionOf(HttpResponseMessage response)
    {
        var index = Header(response, "X-Etcd-Index");
        return long.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new StoreRevision(number, ClusterOf(response))
            : throw V2Failure.OfProtocolViolation("its answer has no X-Etcd-Index, so " + TransportFailure.NotEtcd);
    }

    /// <summary>Reads a whole body. The HTTP stack detects a truncated one.</summary>
    public static async Task<ReadOnlyMemory<byte>> ReadBodyAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var stream = await content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false) is > 0 and var count)
        {
            if (body.Length + count > MaxLength)
            {
                throw V2Failure.OfSize(MaxLength);
            }

            body.Write(buffer, 0, count);
        }

        return body.GetBuffer().AsMemory(0, (int)body.Length);
    }

    /// <returns>The document; null if an error response has none, for example because it comes from a proxy.</returns>
    public static V2Document? Parse(ReadOnlyMemory<byte> body, HttpStatusCode status)
    {
        try
        {
            if (CountObjects(body.Span) > MaxShortNodes + (body.Length / MinNodeLength))
            {
                throw V2Failure.OfProtocolViolation("its answer has more nodes than its length allows");
            }

            return JsonSerializer.Deserialize(body.Span, V2JsonContext.Default.V2Document)
                ?? throw NotV2Answer();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (int)status >= 300 ? null : throw NotV2Answer();
        }
    }

    private static int CountObjects(ReadOnlySpan<byte> body)
    {
        var count = 0;
        for (var reader = new Utf8JsonReader(body); reader.Read();)
        {
            count += reader.TokenType == JsonTokenType.StartObject ? 1 : 0;
        }

        return count;
    }

    private static V2Failure NotV2Answer() =>
        V2Failure.OfProtocolViolation("its answer does not conform to the v2 keys API, so " + TransportFailure.NotEtcd);

    private static ulong ClusterOf(HttpResponseMessage response) =>
        ulong.TryParse(Header(response, "X-Etcd-Cluster-Id"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id) ? id : 0;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
