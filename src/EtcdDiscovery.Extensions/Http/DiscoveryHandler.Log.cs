using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Http;

internal sealed partial class DiscoveryHandler
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Information, "A request for service {Service} is sent to another instance, because {Origin} failed: {Reason}", EventName = "NextInstance")]
        public static partial void NextInstance(ILogger logger, string service, string origin, string reason);
    }
}
