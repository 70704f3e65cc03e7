using System.Text.Json;
using System.Text.Json.Serialization;

namespace EtcdDiscovery.Wire;

[JsonSerializable(typeof(InstanceDocument))]
[JsonSerializable(typeof(InfoDocument))]
internal sealed partial class WireJsonContext : JsonSerializerContext
{
    /// <summary>The context that is compatible with Go.</summary>
    public static WireJsonContext Go { get; } = new(new JsonSerializerOptions
    {
        PropertyNameCaseInsensitive = true,
        Encoder = GoJsonEncoder.Instance,
    });
}
