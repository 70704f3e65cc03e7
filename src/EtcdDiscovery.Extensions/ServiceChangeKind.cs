using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>What happened to an instance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceChangeKind>))]
public enum ServiceChangeKind
{
    /// <summary>It is there now (Go: <c>SubscribeNew</c>).</summary>
    Up,

    /// <summary>It is gone (Go: <c>SubscribeDown</c>).</summary>
    Down,

    /// <summary>It is the same instance, with other ports, credentials or other data.</summary>
    Updated,
}
