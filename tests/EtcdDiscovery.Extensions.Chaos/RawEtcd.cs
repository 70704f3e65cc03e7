using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Chaos;

/// <summary>A key as it stands in etcd.</summary>
internal sealed record SeenKey(string Key, string Value, long Lease)
{
    private const int UuidLength = 36;

    /// <summary>The host that the key belongs to: an instance is named by a UUID and the host's name.</summary>
    public string Host => Key[(Key.LastIndexOf('/') + 1 + UuidLength + 1)..];
}

/// <summary>etcd's JSON gateway, asked without any code of the library.</summary>
internal sealed class RawEtcd(IReadOnlyList<string> endpoints) : IAsyncDisposable
{
    private static readonly TimeSpan PatienceForReads = TimeSpan.FromSeconds(1);

    // Longer than any member is frozen: what was given up, and tried elsewhere, would be done twice, once of it late.
    private static readonly TimeSpan PatienceForWrites = TimeSpan.FromSeconds(15);

    private const int MaxAttempts = 300;

    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private readonly Task<JsonNode?>[] _asked = [.. endpoints.Select(_ => Task.FromResult<JsonNode?>(null))];
    private volatile string _refusal = "no answer";

    /// <summary>All keys below a prefix as a majority knows them, and the term of the leader; null without an answer. One read at a time.</summary>
    public async Task<(long Term, IReadOnlyList<SeenKey> Keys)?> ReadAsync(string prefix)
    {
        var asked = new JsonObject
        {
            ["key"] = Encode(prefix),
            ["range_end"] = Encode(prefix[..^1] + (char)(prefix[^1] + 1)),
        };
        if (await AskAllAsync("kv/range", asked.ToJsonString()) is not { } answer)
        {
            return null;
        }

        var keys = (answer["kvs"]?.AsArray() ?? []).Select(entry => new SeenKey(
            Decode(entry!["key"]!), entry["value"] is { } value ? Decode(value) : "", Number(entry["lease"])));
        return (Number(answer["header"]!["raft_term"]), [.. keys]);
    }

    public Task PutAsync(string key, string value) =>
        DoAsync("kv/put", new JsonObject { ["key"] = Encode(key), ["value"] = Encode(value) });

    public Task DeleteAsync(string key) => DoAsync("kv/deleterange", new JsonObject { ["key"] = Encode(key) });

    public Task RevokeAsync(long lease) =>
        DoAsync("lease/revoke", new JsonObject { ["ID"] = lease.ToString(CultureInfo.InvariantCulture) });

    public async Task CompactAsync()
    {
        var now = await DoAsync("kv/range", new JsonObject { ["key"] = Encode("/") });
        await DoAsync("kv/compaction", new JsonObject { ["revision"] = (string?)now["header"]!["revision"] });
    }

    /// <summary>The index of the member that leads.</summary>
    public async Task<int> FindLeaderAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            for (var member = 0; member < endpoints.Count; member++)
            {
                if (await AskAsync(endpoints[member], "maintenance/status", "{}", PatienceForReads, cancellationToken) is { } status
                    && (string?)status["leader"] is { } leader && leader == (string?)status["header"]!["member_id"])
                {
                    return member;
                }
            }

            await Task.Delay(100, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_asked);
        _http.Dispose();
    }

    // All members at once, and the first answer counts: a frozen one must not hold the others up. One that has not
    // answered yet is not asked again.
    private async Task<JsonNode?> AskAllAsync(string what, string request)
    {
        var asking = new List<Task<JsonNode?>>();
        for (var member = 0; member < endpoints.Count; member++)
        {
            if (_asked[member].IsCompleted)
            {
                asking.Add(_asked[member] = AskAsync(endpoints[member], what, request, PatienceForReads));
            }
        }

        while (asking.Count > 0)
        {
            var first = await Task.WhenAny(asking);
            if (await first is { } answer)
            {
                return answer;
            }

            asking.Remove(first);
        }

        return null;
    }

    // One member after the other until one has done it.
    private async Task<JsonNode> DoAsync(string what, JsonObject request)
    {
        var text = request.ToJsonString();
        for (var attempt = 0; attempt < MaxAttempts; attempt++)
        {
            if (await AskAsync(endpoints[attempt % endpoints.Count], what, text, PatienceForWrites) is { } answer)
            {
                return answer;
            }

            await Task.Delay(100);
        }

        throw new InvalidOperationException($"No member of etcd does {what}: {_refusal}");
    }

    // What is gone or compacted already counts as done.
    private async Task<JsonNode?> AskAsync(
        string endpoint, string what, string request, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        either.CancelAfter(patience);
        try
        {
            using var body = new StringContent(request);
            using var response = await _http.PostAsync(new Uri($"{endpoint}/v3/{what}"), body, either.Token);
            var answer = await response.Content.ReadFromJsonAsync<JsonNode>(either.Token);
            if (response.IsSuccessStatusCode || IsDone((string?)answer!["error"] ?? ""))
            {
                return answer;
            }

            _refusal = answer.ToJsonString();
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or System.Text.Json.JsonException or IOException)
        {
            return null;
        }
    }

    private static bool IsDone(string error) =>
        error.Contains("lease not found", StringComparison.Ordinal) || error.Contains("compacted", StringComparison.Ordinal);

    private static long Number(JsonNode? text) =>
        text is null ? 0 : long.Parse((string)text!, CultureInfo.InvariantCulture);

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Decode(JsonNode base64) => Encoding.UTF8.GetString(Convert.FromBase64String((string)base64!));
}
