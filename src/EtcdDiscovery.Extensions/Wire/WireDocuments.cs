using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

/// <summary>The JSON value of an instance. The order of the properties is the order in the store.</summary>
internal sealed class InstanceDocument
{
    [JsonPropertyName("name")]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Name { get; set; }

    [JsonPropertyName("service_name")]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? ServiceName { get; set; }

    [JsonPropertyName("ports")]
    [JsonConverter(typeof(MapConverter))]
    public IReadOnlyDictionary<string, string>? Ports { get; set => field = MapConverter.Merge(field, value); }

    [JsonPropertyName("user")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? User { get; set; }

    [JsonPropertyName("password")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Password { get; set; }

    [JsonPropertyName("public")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool? Public { get; set; }

    [JsonPropertyName("private_hostname")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? PrivateHostname { get; set; }

    [JsonPropertyName("private_ports")]
    [JsonConverter(typeof(MapConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? PrivatePorts { get; set => field = MapConverter.Merge(field, value); }

    [JsonPropertyName("critical")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool? Critical { get; set; }

    [JsonPropertyName("shard")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Shard { get; set; }

    [JsonPropertyName("uuid")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Uuid { get; set; }

    // The following fields are extensions of this library. They come after Go's fields and are omitted if unset, so that entries without
    // them have the same bytes as Go's. Go ignores these fields, so an invalid value must not make the entry unreadable.
    [JsonPropertyName("status")]
    [JsonConverter(typeof(OptionalConverter.Text))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Status { get; set; }

    [JsonPropertyName("status_reason")]
    [JsonConverter(typeof(OptionalConverter.Text))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? StatusReason { get; set; }

    [JsonPropertyName("weight")]
    [JsonConverter(typeof(OptionalConverter.Number))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Weight { get; set; }

    [JsonPropertyName("zone")]
    [JsonConverter(typeof(OptionalConverter.Text))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Zone { get; set; }

    [JsonPropertyName("metadata")]
    [JsonConverter(typeof(OptionalConverter.Map))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Metadata { get; set => field = MapConverter.Merge(field, value); }
}

/// <summary>The JSON value of a description. The order of the properties is the order in the store.</summary>
internal sealed class InfoDocument
{
    [JsonPropertyName("name")]
    [JsonConverter(typeof(LenientStringConverter))]
    public string? Name { get; set; }

    [JsonPropertyName("critical")]
    public bool? Critical { get; set; }

    [JsonPropertyName("hostname")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Hostname { get; set; }

    [JsonPropertyName("user")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? User { get; set; }

    [JsonPropertyName("password")]
    [JsonConverter(typeof(LenientStringConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Password { get; set; }

    [JsonPropertyName("ports")]
    [JsonConverter(typeof(MapConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string>? Ports { get; set => field = MapConverter.Merge(field, value); }

    [JsonPropertyName("public")]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool? Public { get; set; }
}
