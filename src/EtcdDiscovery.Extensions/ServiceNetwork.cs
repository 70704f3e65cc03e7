using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Which of an instance's two addresses a caller uses.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceNetwork>))]
public enum ServiceNetwork
{
    /// <summary>The address for callers from everywhere: <see cref="ServiceInstance.GetUri"/>.</summary>
    Public,

    /// <summary>The address within the private network: <see cref="ServiceInstance.GetPrivateUri"/>.</summary>
    Private,
}
