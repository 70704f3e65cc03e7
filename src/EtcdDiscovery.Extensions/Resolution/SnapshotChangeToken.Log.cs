using Microsoft.Extensions.Logging;

namespace EtcdDiscovery.Resolution;

internal sealed partial class SnapshotChangeToken
{
    private static partial class Log
    {
        [LoggerMessage(10, LogLevel.Warning, "A callback of a change token failed", EventName = "CallbackFailed")]
        public static partial void CallbackFailed(ILogger logger, Exception error);
    }
}
