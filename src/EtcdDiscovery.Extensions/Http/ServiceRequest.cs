namespace EtcdDiscovery;

/// <summary>What one request asks of the instance it goes to: keys of <see cref="HttpRequestMessage.Options"/>.</summary>
/// <remarks>They have a meaning for clients with <c>AddEtcdDiscovery()</c> only.</remarks>
public static class ServiceRequest
{
    /// <summary>The shard that the instance must serve.</summary>
    public static HttpRequestOptionsKey<string> Shard { get; } = new("EtcdDiscovery.Shard");

    /// <summary>The zone to prefer: instances in other zones get the request only when it has none.</summary>
    public static HttpRequestOptionsKey<string> PreferredZone { get; } = new("EtcdDiscovery.PreferredZone");

    /// <summary>Which address of the instance the request goes to, in place of <see cref="HttpDiscoveryOptions.Network"/>.</summary>
    public static HttpRequestOptionsKey<ServiceNetwork> Network { get; } = new("EtcdDiscovery.Network");
}
