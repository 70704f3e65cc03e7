using EtcdDiscovery.Tests.Infrastructure;

namespace EtcdDiscovery.BlackBox;

/// <summary>Reads and writes the keys of one of etcd's stores without the library: v3 through the JSON gateway, v2 through its HTTP API.</summary>
internal sealed class RawKeys(EtcdServer server, string store = StoreName.V3) : IDisposable
{
    private readonly V2Api? _v2 = store == StoreName.V2 ? new V2Api(server) : null;

    /// <summary>The settings of an application that uses this store.</summary>
    public Dictionary<string, string?> Settings(string? service = null) =>
        new(Product.Settings(server.Endpoint, service)) { [Setting.Store] = store };

    /// <summary>The entries under a directory, whose name ends with a slash.</summary>
    public async Task<IReadOnlyList<(string Key, string Value)>> ReadAsync(string directory) => _v2 is null
        ? [.. (await server.ReadAsync(directory)).Select(entry => (entry.Key, entry.Value))]
        : [.. (await _v2.ListAsync(directory.TrimEnd('/')))
            .Select(node => ((string)node["key"]!, (string)node["value"]!))
            .OrderBy(entry => entry.Item1, StringComparer.Ordinal)];

    /// <summary>The value of a key; null if the key does not exist.</summary>
    public async Task<string?> FindAsync(string key) => _v2 is null
        ? (await server.FindAsync(key))?.Value
        : (string?)(await _v2.FindAsync(key))?["value"];

    public Task PutAsync(string key, string value) => _v2?.SetAsync(key, value) ?? server.PutAsync(key, value);

    public Task DeleteAsync(string key) => _v2?.DeleteAsync(key) ?? server.DeleteAsync(key);

    /// <summary>Creates a directory, on v2 only.</summary>
    public Task MakeDirectoryAsync(string key) => _v2?.MakeDirectoryAsync(key) ?? Task.CompletedTask;

    public void Dispose() => _v2?.Dispose();
}
