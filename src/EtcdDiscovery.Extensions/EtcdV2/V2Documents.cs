using System.Text.Json.Serialization;

namespace EtcdDiscovery.EtcdV2;

/// <summary>A response body: an action on a node, or an error.</summary>
internal sealed record V2Document
{
    public string? Action { get; init; }

    public V2Node? Node { get; init; }

    public int ErrorCode { get; init; }

    public string? Message { get; init; }

    public string? Cause { get; init; }
}

/// <summary>A key with a value, or a directory.</summary>
internal sealed record V2Node
{
    // The root has no key. No init accessor, because generated code would set a missing value to null.
    public string Key { get; set; } = "/";

    public string? Value { get; init; }

    public bool Dir { get; init; }

    public List<V2Node?>? Nodes { get; init; }

    /// <summary>The index of the last put or refresh.</summary>
    public long ModifiedIndex { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true)]
[JsonSerializable(typeof(V2Document))]
internal sealed partial class V2JsonContext : JsonSerializerContext;
