namespace EtcdDiscovery;

/// <summary>Settings of <c>UseServerAddresses()</c>. Configuration section <c>EtcdDiscovery:ServerAddresses</c>.</summary>
public sealed class ServerAddressOptions
{
    /// <summary>The name of the configuration section: <c>EtcdDiscovery:ServerAddresses</c>.</summary>
    public const string SectionName = $"{EtcdDiscoveryOptions.SectionName}:ServerAddresses";

    /// <summary>
    /// The network, such as <c>10.0.0.0/8</c>, whose address is registered if the machine has several, and neither <c>Service:Hostname</c>
    /// nor the environment variable <c>HOSTNAME</c> is set.
    /// </summary>
    /// <value>The default is <see langword="null"/>: the first address that is not loopback, IPv4 before IPv6.</value>
    public string? PreferredNetwork { get; set; }
}
