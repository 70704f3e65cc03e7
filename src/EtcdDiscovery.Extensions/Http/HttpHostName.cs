using System.Text.Json.Serialization;

namespace EtcdDiscovery;

/// <summary>The host name that a request to an instance carries.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<HttpHostName>))]
public enum HttpHostName
{
    /// <summary>The registered host name or address of the instance, as in its URL.</summary>
    Instance,

    /// <summary>The name of the service, as in the URL that the caller requested.</summary>
    Service,
}
