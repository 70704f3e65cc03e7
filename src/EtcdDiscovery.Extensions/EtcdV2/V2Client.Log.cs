using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.EtcdV2;

internal sealed partial class V2Client
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Leaving etcd at {Endpoint} for {NextEndpoint}: {Reason}{LeftOut}", EventName = "EndpointLeft")]
        public static partial void EndpointLeft(ILogger logger, string endpoint, string nextEndpoint, string reason, string leftOut);
    }
}
