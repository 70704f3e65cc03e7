using System.Globalization;
using System.Net;
using System.Text.Json;
using EtcdDiscovery.Stores;

namespace EtcdDiscovery.EtcdV2;

/// <summary>An answer to work with: what was asked for, or that a key is not as expected.</summary>
/// <param name="Revision">How far the member that answers had got.</param>
/// <param name="Document">What it says.</param>
internal sealed record V2Response(StoreRevision Revision, V2Document Document)
{
    // As much as the v3 store takes: far more than a service can have, little enough to survive.
    private const int MaxLength = 64 * 1024 * 1024;

    // A node takes several times as much memory as its shortest JSON. Etcd's have more than 60 bytes, with key and indexes.
    private const int MinNodeLength = 32;

    // So that a small answer may have any nodes.
    private const int MaxShortNodes = 1_000;

    public bool IsKeyMissing => Document.ErrorCode == V2ErrorCode.KeyNotFound;

    public bool IsKeyThere => Document.ErrorCode == V2ErrorCode.KeyExists;

    /// <summary>Whether a condition did not hold.</summary>
    public bool IsRefused => Document.ErrorCode != 0;

    /// <summary>The node; there is one unless a condition did not hold.</summary>
    /// <exception cref="EtcdDiscoveryException">There is none: a condition did not hold, though there was none.</exception>
    public V2Node Node => Document.Node
        ?? throw new EtcdDiscoveryException("Etcd gave an answer that is not of the v2 keys API: it has no node.", isTransient: true);

    /// <exception cref="V2Failure">It is no such answer.</exception>
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

        return document is { ErrorCode: 0, Node: not null } ? new(RevisionOf(response), document) : throw Nonsense();
    }

    /// <summary>Takes an answer of which only the success matters.</summary>
    /// <exception cref="V2Failure">It is none.</exception>
    public static async Task CheckAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            var body = await ReadBodyAsync(response.Content, cancellationToken).ConfigureAwait(false);
            throw V2Failure.OfStatus(response.StatusCode, Parse(body, response.StatusCode));
        }
    }

    /// <summary>How far the member had got when it began to answer.</summary>
    public static StoreRevision RevisionOf(HttpResponseMessage response)
    {
        var index = Header(response, "X-Etcd-Index");
        return long.TryParse(index, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? new StoreRevision(number, ClusterOf(response))
            : throw V2Failure.OfNonsense("its answer has no X-Etcd-Index; it is no etcd with the v2 keys API");
    }

    /// <summary>The whole of a body; what is cut off is noticed by the HTTP stack.</summary>
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

    /// <returns>The document; null when a failure has none, as proxies' have.</returns>
    public static V2Document? Parse(ReadOnlyMemory<byte> body, HttpStatusCode status)
    {
        try
        {
            if (CountObjects(body.Span) > MaxShortNodes + (body.Length / MinNodeLength))
            {
                throw V2Failure.OfNonsense("its answer has more nodes than keys fit into it");
            }

            return JsonSerializer.Deserialize(body.Span, V2JsonContext.Default.V2Document)
                ?? throw Nonsense();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return (int)status >= 300 ? null : throw Nonsense();
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

    private static V2Failure Nonsense() => V2Failure.OfNonsense("its answer is not of the v2 keys API");

    private static ulong ClusterOf(HttpResponseMessage response) =>
        ulong.TryParse(Header(response, "X-Etcd-Cluster-Id"), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var id) ? id : 0;

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values.First() : null;
}
