using System.Net;

namespace EtcdDiscovery.Primitives;

/// <summary>Recognizes hosts that always mean the local machine: <c>localhost</c> and loopback addresses.</summary>
internal static class LoopbackHost
{
    public static bool Is(string host) => host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
