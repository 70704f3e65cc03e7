using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AspNetCore;

internal sealed partial class ServerAddresses
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Service {Service} is public, but the server accepts connections from this machine only: {Addresses}. Bind it to all addresses, such as ASPNETCORE_URLS=http://*:8080, or set EtcdDiscovery:Service:Ports to the ports that callers use", EventName = "LoopbackOnly")]
        public static partial void LoopbackOnly(ILogger logger, string service, string addresses);

        [LoggerMessage(2, LogLevel.Warning, "The server has no network address ({Server}), so services without EtcdDiscovery:Service:Ports are not registered. Bind it to an address, such as ASPNETCORE_URLS=http://*:8080, or set Hostname and Ports", EventName = "NoNetworkAddress")]
        public static partial void NoNetworkAddress(ILogger logger, string server);
    }
}
