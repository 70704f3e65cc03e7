using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The kind of a <see cref="ServiceChange"/>.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceChangeKind>))]
public enum ServiceChangeKind
{
    /// <summary>The instance started to take requests (Go: <c>SubscribeNew</c>).</summary>
    Up,

    /// <summary>The instance no longer takes requests (Go: <c>SubscribeDown</c>).</summary>
    Down,

    /// <summary>The ports, credentials or other data of the instance have changed.</summary>
    Updated,
}
