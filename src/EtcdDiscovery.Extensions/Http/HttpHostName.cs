using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>Whose name a request to an instance carries.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HttpHostName>))]
public enum HttpHostName
{
    /// <summary>The instance's: its registered host name or address, as in its URL.</summary>
    Instance,

    /// <summary>The service's, as in the URL that the caller asked for.</summary>
    Service,
}
