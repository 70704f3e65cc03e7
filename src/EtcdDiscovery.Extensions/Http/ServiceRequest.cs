namespace EtcdDiscovery;

/// <summary>Keys of <see cref="HttpRequestMessage.Options"/> that select the instance for one request.</summary>
/// <remarks>They have an effect only for clients with <c>AddEtcdDiscovery()</c>.</remarks>
public static class ServiceRequest
{
    /// <summary>The shard that the instance must serve.</summary>
    public static HttpRequestOptionsKey<string> Shard { get; } = new("EtcdDiscovery.Shard");

    /// <summary>The preferred zone. Instances in other zones receive the request only if this zone has none.</summary>
    public static HttpRequestOptionsKey<string> PreferredZone { get; } = new("EtcdDiscovery.PreferredZone");

    /// <summary>
    /// Which address of the instance the request is sent to. Overrides <see cref="HttpDiscoveryOptions.Network"/>.
    /// </summary>
    public static HttpRequestOptionsKey<ServiceNetwork> Network { get; } = new("EtcdDiscovery.Network");
}
