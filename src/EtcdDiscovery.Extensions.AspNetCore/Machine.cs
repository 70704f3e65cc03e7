using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using EtcdDiscovery.Primitives;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Provides the host name and addresses of this machine.</summary>
/// <param name="variable">Reads an environment variable.</param>
/// <param name="addresses">Reads the addresses, the most reachable ones first.</param>
internal sealed class Machine(Func<string, string?> variable, Func<IEnumerable<IPAddress>> addresses)
{
    private static readonly IPNetwork LinkLocal = IPNetwork.Parse("169.254.0.0/16");

    /// <summary>The name or address for other machines; null if there is only loopback.</summary>
    /// <remarks>
    /// A name that a container engine has generated comes last, because other machines usually cannot resolve it.
    /// </remarks>
    public string? Name()
    {
        var name = NodeHostname.FromEnvironment(variable);
        return name is not null && NodeHostname.DescribeGenerated(name, variable) is null ? name
            : Addresses() is [var first, ..] ? first.ToString() : name;
    }

    /// <summary>The addresses for other machines, the preferred ones first.</summary>
    public IReadOnlyList<IPAddress> Addresses() =>
    [
        .. addresses()
            .Where(IsReachable)
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1),
    ];

    /// <summary>Reads the addresses of this machine, those of networks with a gateway first: others are often of containers only.</summary>
    public static IEnumerable<IPAddress> ReadAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up)
        .Select(card => card.GetIPProperties())
        .OrderBy(properties => properties.GatewayAddresses.Count > 0 ? 0 : 1)
        .SelectMany(properties => properties.UnicastAddresses)
        .Select(unicast => unicast.Address);

    /// <summary>Whether an address may be reachable from other machines.</summary>
    public static bool IsReachable(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !LinkLocal.Contains(address) && address is { IsIPv6LinkLocal: false, IsIPv6Multicast: false };
}
