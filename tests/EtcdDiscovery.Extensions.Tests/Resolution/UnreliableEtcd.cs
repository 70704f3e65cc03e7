using System.Text;
using System.Text.Json.Nodes;
using EtcdDiscovery.Stores;
using EtcdDiscovery.Tests.Etcd;
using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.Tests.Resolution;

/// <summary>A real etcd, written through its JSON gateway and read through a relay.</summary>
internal sealed class UnreliableEtcd : IUnreliableStore
{
    private readonly EtcdServer _server;
    private readonly CuttableRelay _relay;
    private readonly Dictionary<int, JsonNode> _leases = [];

    public UnreliableEtcd(EtcdServer server)
    {
        _server = server;
        _relay = new CuttableRelay(server.Port);
        Store = EtcdStores.Create(_relay.Endpoint);
    }

    public IDiscoveryStore Store { get; }

    public async Task PutAsync(int lease, params (string Key, string Value)[] entries)
    {
        // As many operations per transaction as etcd allows.
        foreach (var chunk in entries.Chunk(100))
        {
            var id = await LeaseAsync(lease);
            await ChangeAsync(chunk.Select(entry => new JsonObject
            {
                ["requestPut"] = new JsonObject
                {
                    ["key"] = Encode(entry.Key),
                    ["value"] = Encode(entry.Value),
                    ["lease"] = id.DeepClone(),
                },
            }));
        }
    }

    public async Task DeleteAsync(params string[] keys)
    {
        foreach (var chunk in keys.Chunk(100))
        {
            await ChangeAsync(chunk.Select(key => new JsonObject
            {
                ["requestDeleteRange"] = new JsonObject { ["key"] = Encode(key) },
            }));
        }
    }

    public async Task ExpireAsync(int lease)
    {
        if (_leases.Remove(lease, out var id))
        {
            await _server.RevokeAsync((string)id!);
        }
    }

    // Compacts up to a put: before 3.4.36 and 3.5.18, etcd loses a deletion at the compacted revision, and a watch from there never
    // receives it (etcd-io/etcd issue 18089, pull request 19249).
    public async Task CompactAsync()
    {
        var put = await _server.PostAsync("/v3/kv/put", new JsonObject { ["key"] = Encode("/elsewhere") });
        var revision = put["header"]!["revision"]!.DeepClone();
        await _server.PostAsync("/v3/kv/compaction", new JsonObject { ["revision"] = revision, ["physical"] = true });
    }

    // Compacts what was seen before the cut.
    public async Task LoseHistoryAsync()
    {
        Disconnect();
        await CompactAsync();
        Reconnect();
    }

    public void Disconnect() => _relay.Cut();

    public void Reconnect() => _relay.Mend();

    public async Task<IReadOnlyList<(string Key, string Value)>> ReadAsync(string prefix) =>
        [.. (await _server.ReadAsync(prefix)).Select(entry => (entry.Key, entry.Value))];

    public Task PassAsync() => Task.Delay(10);

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        await _relay.DisposeAsync();
        foreach (var lease in _leases.Keys.Where(lease => lease != 0).ToList())
        {
            await ExpireAsync(lease);
        }
    }

    private async Task ChangeAsync(IEnumerable<JsonNode> operations) =>
        await _server.PostAsync("/v3/kv/txn", new JsonObject { ["success"] = new JsonArray([.. operations]) });

    private async Task<JsonNode> LeaseAsync(int lease)
    {
        if (lease == 0)
        {
            return "0";
        }

        if (!_leases.TryGetValue(lease, out var id))
        {
            _leases[lease] = id = (await _server.PostAsync("/v3/lease/grant", new JsonObject { ["TTL"] = "600" }))["ID"]!;
        }

        return id;
    }

    private static string Encode(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
