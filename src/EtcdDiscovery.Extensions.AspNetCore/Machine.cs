using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace EtcdDiscovery.AspNetCore;

/// <summary>Provides the host name and addresses of this machine.</summary>
internal sealed class Machine(Func<string, string?> variable, Func<IEnumerable<IPAddress>> addresses)
{
    /// <summary>The name or address for other machines; null if there is only loopback.</summary>
    /// <param name="preferred">The preferred network of the address; null for any.</param>
    public string? NameFor(IPNetwork? preferred)
    {
        if (variable("HOSTNAME") is { Length: > 0 } name)
        {
            return name;
        }

        var reachable = addresses()
            .Where(address => !IPAddress.IsLoopback(address) && address is { IsIPv6LinkLocal: false, IsIPv6Multicast: false })
            .OrderBy(address => address.AddressFamily == AddressFamily.InterNetwork ? 0 : 1)
            .ToList();
        var chosen = reachable.Find(address => preferred?.Contains(address) == true) ?? reachable.FirstOrDefault();
        return chosen?.ToString();
    }

    public static IEnumerable<IPAddress> ReadAddresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(card => card.OperationalStatus == OperationalStatus.Up)
        .SelectMany(card => card.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address);
}
