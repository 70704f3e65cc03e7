namespace EtcdDiscovery;

/// <summary>Settings of <c>UseServerAddresses()</c>. Configuration section <c>EtcdDiscovery:ServerAddresses</c>.</summary>
public sealed class ServerAddressOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery:ServerAddresses</c>.</summary>
    public const string SectionName = $"{EtcdDiscoveryOptions.SectionName}:ServerAddresses";

    /// <summary>
    /// The network, such as <c>10.0.0.0/8</c>, from which an address is registered if the machine has several addresses and
    /// <c>Service:Hostname</c> is not set. Takes precedence over the environment variable <c>HOSTNAME</c>.
    /// </summary>
    /// <value>
    /// The default is <see langword="null"/>: the first address that is neither loopback nor link-local. IPv4 comes before IPv6, and
    /// networks with a gateway come first.
    /// </value>
    public string? PreferredNetwork { get; set; }
}
