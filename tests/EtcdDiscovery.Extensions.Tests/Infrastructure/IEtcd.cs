using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A running etcd, with access to it that does not use the library.</summary>
public interface IEtcd : IAsyncDisposable
{
    string Endpoint { get; }

    /// <summary>Calls etcd's JSON gateway.</summary>
    Task<JsonNode> PostAsync(string path, JsonObject request, string? token = null);
}
