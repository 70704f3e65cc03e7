using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An entry in etcd. <paramref name="Lease"/> is null for an entry without a lease.</summary>
public sealed record EtcdEntry(string Key, string Value, string? Lease);

/// <summary>Reads and writes etcd through its JSON gateway, without the library.</summary>
public static class EtcdGateway
{
    private const int MaxTxnOperations = 100;

    /// <summary>The entries whose keys start with a prefix, ordered by key.</summary>
    public static Task<IReadOnlyList<EtcdEntry>> ReadAsync(this IEtcd server, string prefix) =>
        RangeAsync(server, Prefixed(prefix));

    /// <summary>The same from the member's own copy, without the leader. It may be outdated.</summary>
    public static Task<IReadOnlyList<EtcdEntry>> ReadLocallyAsync(this IEtcd server, string prefix)
    {
        var request = Prefixed(prefix);
        request["serializable"] = true;
        return RangeAsync(server, request);
    }

    /// <summary>The entry of a key; null if there is none.</summary>
    public static async Task<EtcdEntry?> FindAsync(this IEtcd server, string key) =>
        (await server.ReadAsync(key)).SingleOrDefault(entry => entry.Key == key);

    public static Task PutAsync(this IEtcd server, string key, string value) => server.PutAllAsync([(key, value)]);

    /// <summary>Puts entries, in as few transactions as etcd allows.</summary>
    public static async Task PutAllAsync(this IEtcd server, IEnumerable<(string Key, string Value)> entries)
    {
        foreach (var chunk in entries.Chunk(MaxTxnOperations))
        {
            await server.PostAsync("/v3/kv/txn", new JsonObject
            {
                ["success"] = new JsonArray([.. chunk.Select(entry => new JsonObject
                {
                    ["requestPut"] = new JsonObject { ["key"] = Encode(entry.Key), ["value"] = Encode(entry.Value) },
                })]),
            });
        }
    }

    public static Task DeleteAsync(this IEtcd server, string prefix) =>
        server.PostAsync("/v3/kv/deleterange", Prefixed(prefix));

    /// <summary>The time to live that a lease was granted; null if the lease does not exist.</summary>
    public static async Task<TimeSpan?> GrantedAsync(this IEtcd server, string lease)
    {
        var answer = await server.PostAsync("/v3/lease/timetolive", new JsonObject { ["ID"] = lease });
        return (string?)answer["grantedTTL"] is { } granted
            ? TimeSpan.FromSeconds(int.Parse(granted, CultureInfo.InvariantCulture))
            : null;
    }

    public static Task RevokeAsync(this IEtcd server, string lease) =>
        server.PostAsync("/v3/lease/revoke", new JsonObject { ["ID"] = lease });

    private static async Task<IReadOnlyList<EtcdEntry>> RangeAsync(IEtcd server, JsonObject request)
    {
        var answer = await server.PostAsync("/v3/kv/range", request);
        return [.. (answer["kvs"]?.AsArray() ?? []).Select(entry => new EtcdEntry(
            Decode(entry!["key"]!), entry["value"] is { } value ? Decode(value) : "", (string?)entry["lease"]))];
    }

    // All keys in these tests are ASCII, so the last character has a successor.
    private static JsonObject Prefixed(string prefix) => new()
    {
        ["key"] = Encode(prefix),
        ["range_end"] = Encode(prefix[..^1] + (char)(prefix[^1] + 1)),
    };

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(JsonNode base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
