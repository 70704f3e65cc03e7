using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Etcd;

internal sealed partial class AuthTokens
{
    private static partial class Log
    {
        [LoggerMessage(6, LogLevel.Warning, "EtcdDiscovery:Etcd:User is set, but etcd's authentication is disabled, so every client may read and write everything. Enable it with etcdctl auth enable, or remove User and Password", EventName = "AuthenticationDisabled")]
        public static partial void AuthenticationDisabled(ILogger logger);
    }
}
