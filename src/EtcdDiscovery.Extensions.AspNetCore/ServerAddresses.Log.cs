using System.Net;
using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.AspNetCore;

internal sealed partial class ServerAddresses
{
    private static partial class Log
    {
        [LoggerMessage(2, LogLevel.Warning, "The server has no network address ({Server}), so services without EtcdDiscovery:Service:Ports are not registered. Bind the server to an address, for example with ASPNETCORE_URLS=http://*:8080, or set Hostname and Ports", EventName = "NoNetworkAddress")]
        public static partial void NoNetworkAddress(ILogger logger, string server);

        [LoggerMessage(7, LogLevel.Warning, "EtcdDiscovery:ServerAddresses:PreferredNetwork is {Network}, but none of this machine's addresses is in it ({Addresses}): {Host} is registered instead. Correct the network, or remove the setting", EventName = "NotInPreferredNetwork")]
        public static partial void NotInPreferredNetwork(ILogger logger, IPNetwork network, string addresses, string host);

        [LoggerMessage(8, LogLevel.Warning, "The server's address {Address} is not registered for service {Service}: another address has the same scheme, or a different host name is registered. Name the endpoint in the section Kestrel:Endpoints, such as Kestrel:Endpoints:Grpc:Url, to register its port under that name, or list all ports in EtcdDiscovery:Service:Ports", EventName = "AddressLeftOut")]
        public static partial void AddressLeftOut(ILogger logger, string service, string address);
    }
}
