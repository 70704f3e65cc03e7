using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.ServiceDiscovery;

/// <summary>Which names <c>Microsoft.Extensions.ServiceDiscovery</c> looks up in etcd, and which address of an instance it uses.</summary>
public sealed class EtcdServiceEndpointProviderOptions
{
    /// <summary>
    /// The names that are looked up: <c>catalog</c> matches one name, <c>*.internal</c> all names below it, and <c>*</c> every name.
    /// </summary>
    /// <remarks>
    /// Every application that can write to the registry can receive the requests for a name that is looked up, including their
    /// credentials. So names that look like hosts on the Internet are looked up only if they are listed.
    /// </remarks>
    /// <value>The default is none: all names without a dot are looked up.</value>
    public IList<string> ServiceHosts { get; set; } = [];

    /// <summary>Which address of an instance is its endpoint.</summary>
    /// <value>The default is <see cref="ServiceNetwork.Public"/>.</value>
    public ServiceNetwork Network { get; set; }

    internal bool LooksUp(string service) =>
        ServiceHosts.Count == 0 ? !service.Contains('.', StringComparison.Ordinal) : HostPatterns.AnyMatches(ServiceHosts, service);
}
