using System.Globalization;
using System.Net;
using EtcdDiscovery.Primitives;
using Microsoft.AspNetCore.Http;

namespace EtcdDiscovery.AspNetCore;

/// <summary>An address that the server is bound to.</summary>
/// <param name="Scheme">The scheme, such as <c>http</c>.</param>
/// <param name="Host">A host name or address, without brackets; null if the server is bound to all addresses.</param>
/// <param name="Port">The port.</param>
internal sealed record Binding(string Scheme, string? Host, string Port)
{
    /// <summary>The endpoint in Kestrel's configuration; null if there is none.</summary>
    public KestrelEndpoint? Endpoint { get; init; }

    public bool IsLoopback => Host is not null && LoopbackHost.Is(Host);

    /// <summary>Selects the network addresses of a server, in their order.</summary>
    public static List<Binding> Read(IEnumerable<string> addresses) =>
        [.. addresses.Select(BindingAddress.Parse).Where(IsOnNetwork).Select(Of)];

    /// <summary>Reads an address, whose port is 0 if the system is to choose it.</summary>
    public static Binding Of(BindingAddress address)
    {
        var host = address.Host.Trim('[', ']');
        var isAny = host is "*" or "+"
            || (IPAddress.TryParse(host, out var ip) && (ip.Equals(IPAddress.Any) || ip.Equals(IPAddress.IPv6Any)));
        return new(address.Scheme, isAny ? null : host, address.Port.ToString(CultureInfo.InvariantCulture));
    }

    public override string ToString() => $"{Scheme}://{Host ?? "*"}:{Port}";

    // The port is 0 until the server is bound.
    private static bool IsOnNetwork(BindingAddress address) =>
        address is { IsUnixPipe: false, IsNamedPipe: false, Port: > 0 };
}
