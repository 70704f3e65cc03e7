using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

internal sealed partial class EtcdClient
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Leaving etcd at {Endpoint} for {NextEndpoint}: {Reason}{LeftOut}", EventName = "EndpointLeft")]
        public static partial void EndpointLeft(ILogger logger, string endpoint, string nextEndpoint, string reason, string leftOut);

        [LoggerMessage(
            2,
            LogLevel.Information,
            "Etcd at {Endpoint} does not report the progress of watches, so idle watches are checked by status requests. This is normal for etcd's grpc-proxy",
            EventName = "WithoutProgress")]
        public static partial void WithoutProgress(ILogger logger, string endpoint);
    }
}
