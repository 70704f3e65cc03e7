using System.Net;
using System.Net.Sockets;

namespace EtcdDiscovery.Http;

/// <summary>Restricts requests for services to the allowed networks.</summary>
internal static class AddressRules
{
    private static readonly HttpRequestOptionsKey<bool> ForService = new("EtcdDiscovery.ForService");

    /// <summary>Whether an address is in one of the networks. If there are none, any address is allowed.</summary>
    public static bool Allow(IReadOnlyList<IPNetwork> networks, IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return networks.Count == 0 || networks.Any(network => network.Contains(plain));
    }

    /// <summary>Marks a request that goes to an instance.</summary>
    public static void Mark(HttpRequestMessage request) => request.Options.Set(ForService, true);

    /// <summary>Lets a client's primary handler connect only to instances in the allowed networks.</summary>
    /// <exception cref="InvalidOperationException">The handler does not allow a connect callback.</exception>
    public static void Apply(HttpMessageHandler primary, string? client, IReadOnlyList<IPNetwork> networks)
    {
        if (primary is not SocketsHttpHandler { ConnectCallback: null } handler)
        {
            throw new InvalidOperationException(
                $"{nameof(HttpDiscoveryOptions)}.{nameof(HttpDiscoveryOptions.AllowedNetworks)} of HttpClient '{client}' needs a SocketsHttpHandler "
                + "without a ConnectCallback as the primary handler; remove the setting, or the handler's ConnectCallback.");
        }

        handler.ConnectCallback = (context, cancellationToken) => ConnectAsync(context, networks, cancellationToken);
    }

    private static async ValueTask<Stream> ConnectAsync(
        SocketsHttpConnectionContext context, IReadOnlyList<IPNetwork> networks, CancellationToken cancellationToken)
    {
        var host = context.DnsEndPoint.Host;
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        if (context.InitialRequestMessage.Options.TryGetValue(ForService, out var isForService) && isForService)
        {
            addresses = Array.FindAll(addresses, address => Allow(networks, address));
            if (addresses.Length == 0)
            {
                throw new EtcdDiscoveryException(
                    $"The instance at {host} has no address within {nameof(HttpDiscoveryOptions.AllowedNetworks)}.");
            }
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, context.DnsEndPoint.Port, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
