using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.EtcdV2;

internal sealed partial class V2Client
{
    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "Leaving etcd at {Endpoint} for {NextEndpoint}: {Reason}{LeftOut}", EventName = "EndpointLeft")]
        public static partial void EndpointLeft(ILogger logger, string endpoint, string nextEndpoint, string reason, string leftOut);

        [LoggerMessage(6, LogLevel.Warning, "EtcdDiscovery:Etcd:User is set, but etcd's authentication is disabled, so every client may read and write everything. Enable it with etcdctl auth enable, or remove User and Password", EventName = "AuthenticationDisabled")]
        public static partial void AuthenticationDisabled(ILogger logger);
    }
}
