namespace EtcdDiscovery;

/// <summary>
/// Which address of this machine <c>UseServerAddresses()</c> registers. Configuration section
/// <c>EtcdDiscovery:ServerAddresses</c>.
/// </summary>
public sealed class ServerAddressOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery:ServerAddresses</c>.</summary>
    public const string SectionName = $"{EtcdDiscoveryOptions.SectionName}:ServerAddresses";

    /// <summary>
    /// The network, such as <c>10.0.0.0/8</c>, whose address is registered by a machine that has several, where neither
    /// <c>Service:Hostname</c> nor the environment variable <c>HOSTNAME</c> names one.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the first address that is not loopback, IPv4 before IPv6.</value>
    public string? PreferredNetwork { get; set; }
}
