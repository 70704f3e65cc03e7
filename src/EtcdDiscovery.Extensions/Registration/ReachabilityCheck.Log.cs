using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Registration;

internal sealed partial class ReachabilityCheck
{
    private const string Silence = "If this is intended, set the service's WarnIfUnreachable to false";

    private static partial class Log
    {
        [LoggerMessage(21, LogLevel.Warning, "Service {Service} has capital letters in its name. Host names in URLs are lower case, so a URL finds the service only if no other service name differs from it only in case. Prefer a lower-case name", EventName = "NameWithCapitals")]
        public static partial void NameWithCapitals(ILogger logger, string service);

        [LoggerMessage(22, LogLevel.Warning, "Service {Service} is registered without ports, so clients cannot call it. Set EtcdDiscovery:Service:Ports, such as Ports:http to 8080, or call UseServerAddresses() in a web application. " + Silence, EventName = "NoPorts")]
        public static partial void NoPorts(ILogger logger, string service);

        [LoggerMessage(23, LogLevel.Warning, "Service {Service} is public, but EtcdDiscovery:Service:Hostname is not set, so it has no URL. Set it to the host name that callers use. " + Silence, EventName = "NoHostname")]
        public static partial void NoHostname(ILogger logger, string service);

        [LoggerMessage(24, LogLevel.Warning, "Service {Service} is public, but its host is {Host}, which every caller resolves to its own machine. Set EtcdDiscovery:Service:Hostname to a name that callers can resolve; with UseServerAddresses(), bind the server to all addresses, such as ASPNETCORE_URLS=http://*:8080. " + Silence, EventName = "LoopbackHost")]
        public static partial void LoopbackHost(ILogger logger, string service, string host);

        [LoggerMessage(25, LogLevel.Warning, "Service {Service} is registered at {Host}, which is {Kind}, taken from the machine because {Setting} is not set. Other machines usually cannot resolve it. Set {Setting} to an address that they can reach, such as the pod's IP address (status.podIP), or call UseServerAddresses() in a web application. " + Silence, EventName = "GeneratedHost")]
        public static partial void GeneratedHost(ILogger logger, string service, string host, string kind, string setting);

        [LoggerMessage(26, LogLevel.Warning, "Service {Service} is registered at {Host}, but this machine cannot resolve that name. Set {Setting} to a name or address that callers can reach. " + Silence, EventName = "UnresolvableHost")]
        public static partial void UnresolvableHost(ILogger logger, string service, string host, string setting);
    }
}
