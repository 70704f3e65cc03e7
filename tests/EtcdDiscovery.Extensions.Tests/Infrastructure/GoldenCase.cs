using System.Text.Json.Nodes;

namespace EtcdDiscovery.Tests.Infrastructure;

/// <summary>A recording of the Go library: its input, what it wrote, and the URLs it returned.</summary>
internal sealed class GoldenCase
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Golden");

    private readonly JsonNode _json;

    private GoldenCase(string file)
    {
        _json = JsonNode.Parse(File.ReadAllText(file))!;
    }

    public static IEnumerable<string> Names => Directory.EnumerateFiles(Folder, "*.json")
        .Select(file => Path.GetFileNameWithoutExtension(file))
        .Where(name => name != "get-cases")
        .Order(StringComparer.Ordinal);

    public static JsonArray Queries => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "get-cases.json")))!.AsArray();

    public string Service => Text("input", "service")!;

    public string NodeHostname => Text("node_hostname_env_HOSTNAME") is { Length: > 0 } name ? name : Text("node_os_hostname")!;

    public string UrlPath => Text("url_path_argument")!;

    public string InstanceKey(string id) => WithId(Text("host_key_template")!, id);

    public string InstanceValue(string id) => WithId(Text("host_value_template")!, id);

    public string InfoKey => Text("info_key")!;

    public string InfoValue => Text("info_value_template")!;

    public string? Shard => Host("Shard");

    public string? User => Host("User");

    public string? Password => Host("Password");

    public string? Hostname => Host("Hostname");

    public string? PrivateHostname => Host("PrivateHostname");

    public IDictionary<string, string>? HostPorts => Ports("Ports");

    public IDictionary<string, string>? PrivatePorts => Ports("PrivatePorts");

    public bool IsPublic => Flag("Public");

    public bool IsCritical => Flag("Critical");

    /// <summary>The recorded HTTP requests, if any: two puts, the watch, two queries, the deletion.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _json["v2_requests"]!.AsArray().Select(request => new RecordedRequest(
        request!["method"]!.GetValue<string>(),
        request["request_uri"]!.GetValue<string>(),
        request["body"]!.GetValue<string>(),
        request["content_type"]?[0]?.GetValue<string>()))];

    public bool HasRequests => _json["v2_requests"] is not null;

    public IEnumerable<string> Schemes => _json["urls"]!.AsObject().Select(url => url.Key);

    public static GoldenCase Load(string name) => new(Path.Combine(Folder, name + ".json"));

    /// <summary>The URL that a call of Go returned; null if it returned an error.</summary>
    public string? Url(string scheme, string call) => Text("urls", scheme, call, "url") is { Length: > 0 } url ? url : null;

    /// <summary>The error that a call of Go returned, such as <c>ErrUnknownScheme</c>.</summary>
    public string? Error(string scheme, string call) => Text("urls", scheme, call, "error_is");

    private static string WithId(string template, string id) => template.Replace("{UUID4}", id[..36], StringComparison.Ordinal);

    private string? Host(string property) => Text("input", "host", property);

    private bool Flag(string property) => _json["input"]!["host"]![property]!.GetValue<bool>();

    private Dictionary<string, string>? Ports(string property) => _json["input"]!["host"]![property]?.AsObject()
        .ToDictionary(port => port.Key, port => port.Value!.GetValue<string>(), StringComparer.Ordinal);

    private string? Text(params string[] path) =>
        path.Aggregate((JsonNode?)_json, (node, name) => node?[name])?.GetValue<string>();
}
