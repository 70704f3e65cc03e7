using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Selects one of the two addresses of an instance.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ServiceNetwork>))]
public enum ServiceNetwork
{
    /// <summary>The address for callers from outside the private network: <see cref="ServiceInstance.GetUri"/>.</summary>
    Public,

    /// <summary>The address within the private network: <see cref="ServiceInstance.GetPrivateUri"/>.</summary>
    Private,
}
