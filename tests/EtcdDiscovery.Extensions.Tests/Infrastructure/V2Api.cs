using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>The v2 keys API as other clients use it: plain requests, without the library.</summary>
internal sealed class V2Api(EtcdServer server) : IDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = new Uri(server.Endpoint), Timeout = TimeSpan.FromSeconds(60) };

    public EtcdServer Server => server;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Sets a key, as Go does.</summary>
    public async Task<JsonNode> SetAsync(string key, string value, int? ttl = null)
    {
        Dictionary<string, string> form = new() { ["value"] = value };
        if (ttl is { } seconds)
        {
            form["ttl"] = $"{seconds}";
        }

        using var response = await _http.PutAsync(PathOf(key), new FormUrlEncodedContent(form), Token);
        return await ReadAsync(response);
    }

    public async Task MakeDirectoryAsync(string key)
    {
        using var form = new FormUrlEncodedContent([KeyValuePair.Create("dir", "true")]);
        using var response = await _http.PutAsync(PathOf(key), form, Token);
        await ReadAsync(response);
    }

    public async Task DeleteAsync(string key, bool recursive = false)
    {
        using var response = await _http.DeleteAsync(PathOf(key) + (recursive ? "?recursive=true" : ""), Token);
        await ReadAsync(response);
    }

    /// <summary>A key or directory; null if there is none.</summary>
    public async Task<JsonNode?> FindAsync(string key)
    {
        using var response = await _http.GetAsync(PathOf(key), Token);
        return response.StatusCode == System.Net.HttpStatusCode.NotFound ? null : (await ReadAsync(response))["node"];
    }

    /// <summary>The nodes directly below a directory.</summary>
    public async Task<IReadOnlyList<JsonNode>> ListAsync(string directory) =>
        (await FindAsync(directory))?["nodes"]?.AsArray().Select(node => node!).ToList() ?? [];

    public async Task<long> IndexAsync()
    {
        using var response = await _http.GetAsync(PathOf("/"), Token);
        return long.Parse(response.Headers.GetValues("X-Etcd-Index").Single(), System.Globalization.CultureInfo.InvariantCulture);
    }

    /// <summary>Waits for the next change after an index, as Go's subscribers do.</summary>
    public async Task<JsonNode> WaitAsync(string key, long after, bool recursive)
    {
        using var response = await _http.GetAsync(
            PathOf(key) + $"?recursive={(recursive ? "true" : "false")}&wait=true&waitIndex={after + 1}", Token);
        return await ReadAsync(response);
    }

    public void Dispose() => _http.Dispose();

    private static string PathOf(string key) => "/v2/keys" + string.Join('/', key.Split('/').Select(Uri.EscapeDataString));

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        var body = await response.Content.ReadAsStringAsync(Token);
        Assert.True(response.IsSuccessStatusCode, body);
        return JsonNode.Parse(body)!;
    }
}
