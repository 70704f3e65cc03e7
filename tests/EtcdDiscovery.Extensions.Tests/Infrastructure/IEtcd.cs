using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>An etcd, wherever it runs, and a way to it that is not the code under test.</summary>
public interface IEtcd : IAsyncDisposable
{
    string Endpoint { get; }

    /// <summary>Calls etcd's JSON gateway.</summary>
    Task<JsonNode> PostAsync(string path, JsonObject request, string? token = null);
}
