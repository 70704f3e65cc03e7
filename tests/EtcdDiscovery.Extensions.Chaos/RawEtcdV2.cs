using System.Globalization;
using System.Text.Json.Nodes;

namespace EtcdDiscovery.Chaos;

/// <summary>The v2 keys API.</summary>
internal sealed class RawEtcdV2(IReadOnlyList<string> endpoints) : RawEtcd(endpoints)
{
    private const int KeyNotFound = 100;
    private const int CompareFailed = 101;

    // etcd keeps the last 1000.
    private const int ChangesToForget = 1001;

    private const int MaxConcurrentPuts = 8;
    private const int ProbeAttempts = 10;

    // A quorum read goes through the Raft log, so it is linearizable.
    public override async Task<(long? Term, IReadOnlyList<SeenKey> Keys)?> ReadAsync(string prefix)
    {
        if (await SendToAllAsync(new Request(HttpMethod.Get, $"{PathOf(prefix)}?recursive=true&quorum=true")) is not { } answer)
        {
            return null;
        }

        // Without the directory the response has neither a node nor a term.
        var keys = (answer.Body["node"]?["nodes"]?.AsArray() ?? []).Where(node => node!["dir"] is null).Select(node => SeenKeyOf(node!));
        var term = answer.Headers.TryGetValues("X-Raft-Term", out var terms) ? terms.Single() : null;
        return (term is null ? null : long.Parse(term, CultureInfo.InvariantCulture), [.. keys]);
    }

    public override Task PutAsync(string key, string value) => ExecuteAsync(Put(PathOf(key), ("value", value)));

    public override Task OverwriteAsync(SeenKey seen, string value) =>
        ExecuteAsync(Put($"{PathOf(seen.Key)}?prevValue={Uri.EscapeDataString(seen.Value)}", ("value", value)));

    public override Task DeleteAsync(string key) => ExecuteAsync(new Request(HttpMethod.Delete, PathOf(key)));

    public override Task DeleteAllAsync(string prefix) => ExecuteAsync(new Request(HttpMethod.Delete, PathOf(prefix) + "?recursive=true"));

    // A refresh keeps the value and notifies watchers only of the expiry.
    public override Task ExpireAsync(IReadOnlyList<SeenKey> keys) => Task.WhenAll(keys.Select(key => ExecuteAsync(
        Put(PathOf(key.Key) + "?prevExist=true", ("refresh", "true"), ("ttl", "0")))));

    public override Task ForgetHistoryAsync() => Parallel.ForEachAsync(
        Enumerable.Range(0, ChangesToForget),
        new ParallelOptions { MaxDegreeOfParallelism = MaxConcurrentPuts },
        async (number, _) => await PutAsync("/chaos", number.ToString(CultureInfo.InvariantCulture)));

    protected override async Task<bool> IsServedAsync() =>
        await TryExecuteAsync(new Request(HttpMethod.Get, "/v2/keys/"), ProbeAttempts) is not null;

    protected override bool IsAlreadyDone(JsonObject refusal) => (int?)refusal["errorCode"] is KeyNotFound or CompareFailed;

    private static SeenKey SeenKeyOf(JsonNode node) =>
        new((string)node["key"]!, (string?)node["value"] ?? "", Expires: node["expiration"] is not null);

    private static Request Put(string path, params (string Name, string Value)[] form) => new(
        HttpMethod.Put, path, string.Join('&', form.Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}")),
        "application/x-www-form-urlencoded");

    private static string PathOf(string keyOrPrefix) => "/v2/keys" + keyOrPrefix.TrimEnd('/');
}
