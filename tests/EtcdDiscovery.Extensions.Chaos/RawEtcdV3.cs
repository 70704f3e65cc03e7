using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Chaos;

/// <summary>The v3 API, through etcd's JSON gateway.</summary>
internal sealed class RawEtcdV3(IReadOnlyList<string> endpoints) : RawEtcd(endpoints)
{
    public override async Task<(long? Term, IReadOnlyList<SeenKey> Keys)?> ReadAsync(string prefix)
    {
        if (await SendToAllAsync(Request.OfJson("/v3/kv/range", Below(prefix))) is not { Body: var answer })
        {
            return null;
        }

        var keys = (answer["kvs"]?.AsArray() ?? []).Select(entry => SeenKeyOf(entry!));
        return (Number(answer["header"]?["raft_term"]), [.. keys]);
    }

    public override Task PutAsync(string key, string value) =>
        ExecuteAsync(Request.OfJson("/v3/kv/put", new() { ["key"] = Encode(key), ["value"] = Encode(value) }));

    public override Task OverwriteAsync(SeenKey seen, string value) => ExecuteAsync(Request.OfJson("/v3/kv/txn", new()
    {
        ["compare"] = new JsonArray(new JsonObject { ["key"] = Encode(seen.Key), ["target"] = "VALUE", ["value"] = Encode(seen.Value) }),
        ["success"] = new JsonArray(new JsonObject
        {
            ["request_put"] = new JsonObject { ["key"] = Encode(seen.Key), ["value"] = Encode(value) },
        }),
    }));

    public override Task DeleteAsync(string key) =>
        ExecuteAsync(Request.OfJson("/v3/kv/deleterange", new() { ["key"] = Encode(key) }));

    public override Task DeleteAllAsync(string prefix) => ExecuteAsync(Request.OfJson("/v3/kv/deleterange", Below(prefix)));

    public override Task ExpireAsync(IReadOnlyList<SeenKey> keys) => Task.WhenAll(
        keys.Select(key => key.Lease).Where(lease => lease != 0).Distinct().Select(lease =>
            ExecuteAsync(Request.OfJson("/v3/lease/revoke", new() { ["ID"] = lease.ToString(CultureInfo.InvariantCulture) }))));

    public override async Task ForgetHistoryAsync()
    {
        var now = await ExecuteAsync(Request.OfJson("/v3/kv/range", new() { ["key"] = Encode("/") }));
        await ExecuteAsync(Request.OfJson("/v3/kv/compaction", new() { ["revision"] = (string?)now.Body["header"]!["revision"] }));
    }

    protected override Task<bool> IsServedAsync() => Task.FromResult(true);

    // etcd 3.4 has the text in both `error` and `message`, 3.5 only in `message`. The code is ambiguous: paths that the gateway
    // does not know are "not found" too.
    protected override bool IsAlreadyDone(JsonObject refusal) => (string?)refusal["message"] is { } message
        && (message.Contains("lease not found", StringComparison.Ordinal) || message.Contains("has been compacted", StringComparison.Ordinal));

    private static SeenKey SeenKeyOf(JsonNode entry)
    {
        var lease = Number(entry["lease"]) ?? 0;
        return new(Decode(entry["key"]!), entry["value"] is { } value ? Decode(value) : "", lease != 0, lease);
    }

    private static JsonObject Below(string prefix) => new()
    {
        ["key"] = Encode(prefix),
        ["range_end"] = Encode(prefix[..^1] + (char)(prefix[^1] + 1)),
    };

    private static long? Number(JsonNode? text) => text is null ? null : long.Parse((string)text!, CultureInfo.InvariantCulture);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(JsonNode base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
